/* vidstyle for OBS: registers the two kinds of its filter. What they do is in gpu_filter.c and frame_filter.c. */
#include "filter.h"

OBS_DECLARE_MODULE()
OBS_MODULE_USE_DEFAULT_LOCALE("vidstyle", "en-US")

MODULE_EXPORT const char *obs_module_name(void) {
    return "vidstyle";
}

MODULE_EXPORT const char *obs_module_description(void) {
    return obs_module_text("Description");
}

static const char *gpu_filter_name(void *unused) {
    UNUSED_PARAMETER(unused);
    return obs_module_text("Filter");
}

static const char *frame_filter_name(void *unused) {
    UNUSED_PARAMETER(unused);
    return obs_module_text("FrameFilter");
}

static const struct obs_source_info gpu_filter = {
    .id = "vidstyle_filter",
    .type = OBS_SOURCE_TYPE_FILTER,
    .output_flags = OBS_SOURCE_VIDEO | OBS_SOURCE_SRGB,
    .get_name = gpu_filter_name,
    .create = gpu_filter_create,
    .destroy = gpu_filter_destroy,
    .update = filter_update,
    .get_defaults = filter_defaults,
    .get_properties = filter_properties,
    .video_tick = gpu_filter_tick,
    .video_render = gpu_filter_render,
    .video_get_color_space = gpu_filter_color_space,
};

static const struct obs_source_info frame_filter = {
    .id = "vidstyle_frame_filter",
    .type = OBS_SOURCE_TYPE_FILTER,
    .output_flags = OBS_SOURCE_ASYNC_VIDEO,
    .get_name = frame_filter_name,
    .create = frame_filter_create,
    .destroy = frame_filter_destroy,
    .update = filter_update,
    .get_defaults = filter_defaults,
    .get_properties = filter_properties,
    .video_tick = frame_filter_tick,
    .filter_video = frame_filter_paint,
};

bool obs_module_load(void) {
    obs_register_source(&gpu_filter);
    obs_register_source(&frame_filter);
    return true;
}
