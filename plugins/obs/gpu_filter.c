/* Any source, as the graphics card draws it. In a tick of OBS:
 *
 *     fetch    the newest painting, if there is one, into a texture
 *     submit   the frame that was sent for in the tick before
 *     draw     the source into a texture, and send for it: reading it now would wait for the card
 *     show     the texture with the painting, or the source where there is none
 *
 * so a painting is shown two ticks after its frame at the earliest. Nothing here waits for the engine.
 */
#include "filter.h"

#define ASK_AGAIN 0.25f  /* seconds: while the engine is away, the source is not drawn for it in every tick */
#define TRY_AGAIN 5.0f   /* seconds: after the card had no memory */
#define UNSEEN_MAX 15    /* ticks without being drawn, after which a painting is out of date; a slow tick is no reason */

struct gpu_filter {
    struct filter filter;
    gs_texrender_t *drawn; /* the source; RGBA, not multiplied by alpha, as all three */
    gs_stagesurf_t *surface[2];
    gs_texture_t *painting;
    uint32_t width, height; /* of all of them */
    int next;               /* the surface that the next frame goes to */
    bool staged;            /* the other one holds the frame before */
    bool asked;             /* the engine got a frame since the source began */
    bool showing;           /* there is a painting to show ... */
    bool newer;             /* ... and the texture does not hold it yet */
    bool done;              /* in this tick: OBS renders once for each view of the source */
    int unseen;             /* ticks since the last render */
    float pause;            /* seconds until anything is asked again */
};

void *gpu_filter_create(obs_data_t *settings, obs_source_t *context) {
    struct gpu_filter *f = bzalloc(sizeof *f);
    if (filter_begin(&f->filter, settings, context))
        return f;
    bfree(f);
    return NULL;
}

static void release(struct gpu_filter *f) {
    gs_texrender_destroy(f->drawn);
    gs_stagesurface_destroy(f->surface[0]);
    gs_stagesurface_destroy(f->surface[1]);
    gs_texture_destroy(f->painting);
    f->drawn = NULL;
    f->surface[0] = f->surface[1] = NULL;
    f->painting = NULL;
    f->width = f->height = 0;
    f->staged = f->showing = false;
}

void gpu_filter_destroy(void *data) {
    struct gpu_filter *f = data;
    obs_enter_graphics();
    release(f);
    obs_leave_graphics();
    filter_end(&f->filter);
    bfree(f);
}

static struct vs_picture picture(const struct gpu_filter *f, uint8_t *pixels, uint32_t stride) {
    return (struct vs_picture){
        .width = f->width, .height = f->height, .format = VS_RGBA, .plane = {pixels}, .stride = {(ptrdiff_t)stride}};
}

/* Decides before anything is rendered whether this tick shows a painting: the colour space depends on it. */
void gpu_filter_tick(void *data, float seconds) {
    struct gpu_filter *f = data;
    filter_tick(&f->filter, seconds);
    f->done = false;
    f->unseen += f->unseen <= UNSEEN_MAX;
    f->pause -= seconds;
    if (f->unseen > UNSEEN_MAX && (f->asked || f->staged)) { /* hidden, or switched off */
        f->showing = f->staged = f->asked = false;
        vs_reset(f->filter.client);
    }
    if (f->unseen > UNSEEN_MAX || !f->painting)
        return;
    struct vs_picture nowhere = picture(f, NULL, 0);
    enum vs_result result = f->filter.styled && f->asked ? vs_fetch(f->filter.client, &nowhere, NULL) : VS_ORIGINAL;
    f->newer = result == VS_PAINTED;
    f->showing = f->newer || (f->showing && result == VS_LAST);
}

enum gs_color_space gpu_filter_color_space(void *data, size_t count, const enum gs_color_space *preferred) {
    struct gpu_filter *f = data;
    obs_source_t *target = obs_filter_get_target(f->filter.context);
    return f->showing || !target ? GS_CS_SRGB : obs_source_get_color_space(target, count, preferred);
}

/* Have textures of the source's size; false: the card has no memory for them. */
static bool fit(struct gpu_filter *f, uint32_t width, uint32_t height) {
    if (f->width == width && f->height == height)
        return true;
    release(f);
    f->drawn = gs_texrender_create(GS_RGBA, GS_ZS_NONE);
    f->surface[0] = gs_stagesurface_create(width, height, GS_RGBA);
    f->surface[1] = gs_stagesurface_create(width, height, GS_RGBA);
    f->painting = gs_texture_create(width, height, GS_RGBA, 1, NULL, GS_DYNAMIC);
    if (f->drawn && f->surface[0] && f->surface[1] && f->painting) {
        f->width = width;
        f->height = height;
        return true;
    }
    release(f);
    f->pause = TRY_AGAIN;
    blog(LOG_WARNING, "[vidstyle] '%s': the graphics card has no memory for %ux%u: the source stays as it is",
         obs_source_get_name(f->filter.context), width, height);
    return false;
}

static void fetch(struct gpu_filter *f) {
    uint8_t *pixels;
    uint32_t stride;
    f->showing = gs_texture_map(f->painting, &pixels, &stride);
    if (!f->showing)
        return;
    struct vs_picture out = picture(f, pixels, stride);
    f->showing = vs_fetch(f->filter.client, &out, NULL) == VS_PAINTED;
    gs_texture_unmap(f->painting);
}

static void submit(struct gpu_filter *f) {
    uint8_t *pixels;
    uint32_t stride;
    gs_stagesurf_t *surface = f->surface[!f->next];
    f->staged = false;
    if (!gs_stagesurface_map(surface, &pixels, &stride))
        return;
    struct vs_picture in = picture(f, pixels, stride);
    if (vs_submit(f->filter.client, &in, f->filter.number++))
        f->asked = true;
    else if (!f->showing)
        f->pause = ASK_AGAIN;
    gs_stagesurface_unmap(surface);
}

/* OBS draws sources multiplied by their alpha; paint is on them where they are half transparent too, so it is divided out. */
static void draw(struct gpu_filter *f) {
    obs_source_t *context = f->filter.context;
    gs_texrender_reset(f->drawn);
    if (!obs_source_process_filter_begin_with_color_space(context, GS_RGBA, GS_CS_SRGB, OBS_NO_DIRECT_RENDERING) ||
        !gs_texrender_begin(f->drawn, f->width, f->height))
        return;
    gs_blend_state_push();
    gs_blend_function(GS_BLEND_ONE, GS_BLEND_ZERO);
    gs_ortho(0, (float)f->width, 0, (float)f->height, -100, 100);
    obs_source_process_filter_tech_end(context, obs_get_base_effect(OBS_EFFECT_DEFAULT), f->width, f->height, "DrawAlphaDivide");
    gs_blend_state_pop();
    gs_texrender_end(f->drawn);
    gs_stage_texture(f->surface[f->next], gs_texrender_get_texture(f->drawn));
    f->next = !f->next;
    f->staged = true;
}

static void work(struct gpu_filter *f) {
    obs_source_t *target = obs_filter_get_target(f->filter.context);
    uint32_t width = target ? obs_source_get_base_width(target) : 0, height = target ? obs_source_get_base_height(target) : 0;
    if (!width || !height || !f->filter.styled || f->pause > 0 || !fit(f, width, height)) {
        f->showing = f->staged = false;
        return;
    }
    struct timing *timing = &f->filter.timing;
    timing_begin(timing);
    if (f->newer) {
        f->newer = false;
        fetch(f);
        timing_spent(timing, FETCH);
    }
    if (f->staged) {
        submit(f);
        timing_spent(timing, SUBMIT);
    }
    if (f->pause <= 0) {
        draw(f);
        timing_spent(timing, DRAW);
    }
}

static void show(struct gpu_filter *f) {
    gs_effect_t *effect = obs_get_base_effect(OBS_EFFECT_DEFAULT);
    const bool previous = gs_framebuffer_srgb_enabled();
    gs_enable_framebuffer_srgb(true);
    gs_blend_state_push();
    gs_enable_blending(true);
    gs_blend_function_separate(GS_BLEND_SRCALPHA, GS_BLEND_INVSRCALPHA, GS_BLEND_ONE, GS_BLEND_INVSRCALPHA);
    gs_effect_set_texture_srgb(gs_effect_get_param_by_name(effect, "image"), f->painting);
    while (gs_effect_loop(effect, "Draw"))
        gs_draw_sprite(f->painting, 0, f->width, f->height);
    gs_blend_state_pop();
    gs_enable_framebuffer_srgb(previous);
}

void gpu_filter_render(void *data, gs_effect_t *effect) {
    UNUSED_PARAMETER(effect);
    struct gpu_filter *f = data;
    f->unseen = 0;
    if (!f->done) {
        f->done = true; /* first: a source that shows itself would come here again */
        work(f);
    }
    if (!f->showing) {
        obs_source_skip_video_filter(f->filter.context);
        return;
    }
    timing_begin(&f->filter.timing);
    show(f);
    timing_spent(&f->filter.timing, SHOW);
    timing_tell(&f->filter.timing, "as drawn", f->width, f->height);
}
