/* What both kinds of the filter share: the engine's client, the settings and the status line. */
#ifndef VIDSTYLE_OBS_FILTER_H
#define VIDSTYLE_OBS_FILTER_H

#include <obs-module.h>

#include "timing.h"
#include "vidstyle_client.h"

/* What "style" is in the settings where the path in "picture" holds. */
#define OWN_PICTURE "*"

/* Both kinds begin with this. All but the status belongs to the graphics thread, where OBS updates, ticks, filters and renders. */
struct filter {
    obs_source_t *context;
    vs_client *client;
    bool styled;     /* otherwise frames stay as they are, and the engine is not asked */
    uint64_t number; /* of the next frame */
    float looked;    /* seconds since the status was looked at */
    char status[256];
    struct timing timing;
};

/* False: no memory. */
bool filter_begin(struct filter *filter, obs_data_t *settings, obs_source_t *context);
void filter_end(struct filter *filter);
void filter_update(void *filter, obs_data_t *settings);
/* Let an open properties window show another status. */
void filter_tick(struct filter *filter, float seconds);

/* properties.c */
void filter_defaults(obs_data_t *settings);
obs_properties_t *filter_properties(void *filter);

/* gpu_filter.c: any source, as the graphics card draws it. */
void *gpu_filter_create(obs_data_t *settings, obs_source_t *context);
void gpu_filter_destroy(void *filter);
void gpu_filter_tick(void *filter, float seconds);
void gpu_filter_render(void *filter, gs_effect_t *effect);
enum gs_color_space gpu_filter_color_space(void *filter, size_t count, const enum gs_color_space *preferred);

/* frame_filter.c: the frames of cameras and media, as they come. */
void *frame_filter_create(obs_data_t *settings, obs_source_t *context);
void frame_filter_destroy(void *filter);
void frame_filter_tick(void *filter, float seconds);
struct obs_source_frame *frame_filter_paint(void *filter, struct obs_source_frame *frame);

#endif
