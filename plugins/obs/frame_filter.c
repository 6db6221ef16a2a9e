/* The frames of cameras and media, as they come: nothing is drawn for it or read back from the graphics card.
 *
 * A frame is handed in and leaves with the newest painting in its place, that of a frame before it. Nothing here waits for the engine.
 */
#include "filter.h"

#define UNSEEN_MAX 2.0f /* seconds without a frame, after which the next one does not follow */

struct frame_filter {
    struct filter filter;
    float unseen;             /* seconds since the last frame */
    enum video_format strange; /* the format that was last told to be unknown */
};

void *frame_filter_create(obs_data_t *settings, obs_source_t *context) {
    struct frame_filter *f = bzalloc(sizeof *f);
    if (filter_begin(&f->filter, settings, context))
        return f;
    bfree(f);
    return NULL;
}

void frame_filter_destroy(void *data) {
    struct frame_filter *f = data;
    filter_end(&f->filter);
    bfree(f);
}

void frame_filter_tick(void *data, float seconds) {
    struct frame_filter *f = data;
    filter_tick(&f->filter, seconds);
    f->unseen += seconds;
}

static enum vs_format known_format(enum video_format format) {
    switch (format) {
    case VIDEO_FORMAT_I420:
        return VS_I420;
    case VIDEO_FORMAT_NV12:
        return VS_NV12;
    case VIDEO_FORMAT_RGBA:
        return VS_RGBA;
    case VIDEO_FORMAT_BGRA:
    case VIDEO_FORMAT_BGRX:
        return VS_BGRA;
    default:
        return 0;
    }
}

/* OBS gives a frame the matrix and not its name. What V adds to red is 2 (1 - Kr), times 255/224 in the limited range; Kr is 0.299 in
 * BT.601, 0.2126 in BT.709 and 0.2627 in BT.2020 (ITU-R). */
static enum vs_matrix known_matrix(const struct obs_source_frame *frame) {
    float kr = 1 - frame->color_matrix[2] / 2 * (frame->full_range ? 1 : 224.0f / 255.0f);
    return kr > 0.281f ? VS_BT601 : kr > 0.238f ? VS_BT2020 : VS_BT709;
}

/* False: frames like this one cannot be painted. */
static bool as_picture(const struct obs_source_frame *frame, struct vs_picture *picture) {
    *picture = (struct vs_picture){.width = frame->width, .height = frame->height, .format = known_format(frame->format)};
    if (!picture->format || frame->trc == VIDEO_TRC_PQ || frame->trc == VIDEO_TRC_HLG)
        return false;
    bool yuv = picture->format == VS_I420 || picture->format == VS_NV12;
    if (yuv) {
        picture->matrix = known_matrix(frame);
        picture->range = frame->full_range ? VS_FULL : VS_LIMITED;
    }
    for (int k = 0; k < (picture->format == VS_I420 ? 3 : yuv ? 2 : 1); k++) {
        uint32_t rows = k ? (frame->height + 1) / 2 : frame->height;
        ptrdiff_t stride = (ptrdiff_t)frame->linesize[k];
        picture->plane[k] = frame->flip ? frame->data[k] + stride * (ptrdiff_t)(rows - 1) : frame->data[k];
        picture->stride[k] = frame->flip ? -stride : stride;
    }
    return true;
}

struct obs_source_frame *frame_filter_paint(void *data, struct obs_source_frame *frame) {
    struct frame_filter *f = data;
    struct vs_picture picture;
    if (!f->filter.styled)
        return frame;
    if (!as_picture(frame, &picture)) {
        if (f->strange != frame->format)
            blog(LOG_WARNING, "[vidstyle] '%s': %s frames stay as they are; the effect filter paints them too",
                 obs_source_get_name(f->filter.context), get_video_format_name(frame->format));
        f->strange = frame->format;
        return frame;
    }
    if (f->unseen > UNSEEN_MAX)
        vs_reset(f->filter.client);
    f->unseen = 0;
    timing_begin(&f->filter.timing);
    vs_submit(f->filter.client, &picture, f->filter.number++);
    timing_spent(&f->filter.timing, SUBMIT);
    if (vs_fetch(f->filter.client, &picture, NULL) != VS_ORIGINAL)
        timing_spent(&f->filter.timing, FETCH);
    timing_tell(&f->filter.timing, "frames", picture.width, picture.height);
    return frame;
}
