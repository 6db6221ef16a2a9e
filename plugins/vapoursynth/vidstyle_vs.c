/* The VapourSynth function vidstyle.Stylize: RGB24 and YUV420P8, over the engine. vidstyle_vs.py is its front.
 *
 * VapourSynth asks for frames from several threads and in any order; steady paintings hang together in time. So frames are painted
 * one at a time, in their own order: where one is asked for that lies a little ahead, those before it are painted first, and kept
 * until they are asked for. Any other frame is a seek: painting begins anew, `lead` frames before it.
 */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <VapourSynth4.h>

#include "vidstyle_client.h"

#define PATIENCE (60 * 1000) /* ms for a frame: the first one waits for its style */
#define OUT_OF_ORDER 24      /* frames beside those of two rounds of all threads that scripts may ask for at a time */

typedef struct {
    const VSFrame *frame;
    int n;
} Painting;

typedef struct {
    VSNode *node;
    const VSVideoInfo *info;
    VSCore *core;
    const VSAPI *api;
    vs_client *client;
    uint32_t *rgba; /* one frame, for RGB24 */
    int lead, reach; /* frames painted before one that is sought; how far ahead of `next` nothing is sought */
    int next;        /* the frame that would follow */
    uint64_t number;
    Painting *kept; /* a ring by n */
    int room;       /* of `kept` */
} Filter;

/* ---- one frame ---- */

/* One word a pixel, for byte by byte takes five times as long; R is its lowest byte, which comes first in memory. */
static void interleave(uint32_t *restrict rgba, const uint8_t *restrict r, const uint8_t *restrict g, const uint8_t *restrict b,
                       int width) {
    for (int x = 0; x < width; x++) rgba[x] = r[x] | (uint32_t)g[x] << 8 | (uint32_t)b[x] << 16 | UINT32_C(0xFF000000);
}

static void separate(uint8_t *r, uint8_t *g, uint8_t *b, const uint8_t *rgba, int width) {
    for (int x = 0; x < width; x++) {
        r[x] = rgba[4 * x];
        g[x] = rgba[4 * x + 1];
        b[x] = rgba[4 * x + 2];
    }
}

/* VS_RGBA in `rgba`. */
static enum vs_result paint_rgb(Filter *filter, const VSFrame *in, VSFrame *out) {
    const VSAPI *api = filter->api;
    const int width = filter->info->width, height = filter->info->height;
    const ptrdiff_t from = api->getStride(in, 0), to = api->getStride(out, 0);
    struct vs_picture picture = {.width = width, .height = height, .format = VS_RGBA, .plane = {(uint8_t *)filter->rgba}, .stride = {4 * width}};
    for (int y = 0; y < height; y++)
        interleave(filter->rgba + (size_t)width * y, api->getReadPtr(in, 0) + y * from, api->getReadPtr(in, 1) + y * from,
                   api->getReadPtr(in, 2) + y * from, width);
    enum vs_result result = vs_process(filter->client, &picture, &picture, filter->number++, PATIENCE);
    uint8_t *r = api->getWritePtr(out, 0), *g = api->getWritePtr(out, 1), *b = api->getWritePtr(out, 2);
    for (int y = 0; y < height; y++)
        separate(r + y * to, g + y * to, b + y * to, (const uint8_t *)(filter->rgba + (size_t)width * y), width);
    return result;
}

/* What is not tagged, or rare, is taken as vidstyle takes it: as standard definition under 720 lines, as high from there on. */
static enum vs_matrix matrix_of(const VSMap *tags, int height, const VSAPI *api) {
    int missing;
    switch (api->mapGetInt(tags, "_Matrix", 0, &missing)) {
    case 1: return VS_BT709;
    case 4:
    case 5:
    case 6: return VS_BT601;
    case 9:
    case 10: return VS_BT2020;
    default: return height < 720 ? VS_BT601 : VS_BT709;
    }
}

/* _Range, since R81, counts as H.273 does; _ColorRange the other way round. */
static enum vs_range range_of(const VSMap *tags, const VSAPI *api) {
    int missing;
    int64_t range = api->mapGetInt(tags, "_Range", 0, &missing);
    if (!missing) return range == 1 ? VS_FULL : VS_LIMITED;
    range = api->mapGetInt(tags, "_ColorRange", 0, &missing);
    return !missing && range == 0 ? VS_FULL : VS_LIMITED;
}

static enum vs_result paint_yuv(Filter *filter, const VSFrame *in, VSFrame *out) {
    const VSAPI *api = filter->api;
    const VSMap *tags = api->getFramePropertiesRO(in);
    struct vs_picture from = {.width = filter->info->width, .height = filter->info->height, .format = VS_I420};
    from.matrix = matrix_of(tags, filter->info->height, api);
    from.range = range_of(tags, api);
    struct vs_picture to = from;
    for (int plane = 0; plane < 3; plane++) {
        from.plane[plane] = (uint8_t *)(uintptr_t)api->getReadPtr(in, plane);
        from.stride[plane] = api->getStride(in, plane);
        to.plane[plane] = api->getWritePtr(out, plane);
        to.stride[plane] = api->getStride(out, plane);
    }
    return vs_process(filter->client, &from, &to, filter->number++, PATIENCE);
}

/* The painting of `in`, a reference of the caller's; the property VidstylePainted tells whether it is one. */
static const VSFrame *paint(Filter *filter, const VSFrame *in) {
    const VSAPI *api = filter->api;
    VSFrame *out = api->newVideoFrame(&filter->info->format, filter->info->width, filter->info->height, in, filter->core);
    enum vs_result result = filter->rgba ? paint_rgb(filter, in, out) : paint_yuv(filter, in, out);
    api->mapSetInt(api->getFramePropertiesRW(out), "VidstylePainted", result == VS_PAINTED, maReplace);
    return out;
}

/* ---- the order of frames ---- */

static void keep(Filter *filter, int n, const VSFrame *frame) {
    Painting *place = &filter->kept[n % filter->room];
    filter->api->freeFrame(place->frame);
    *place = (Painting){frame, n};
}

/* Paint from `first`, which follows what was painted last or begins anew, up to n; all of them were requested. */
static void paint_up_to(Filter *filter, int first, int n, VSFrameContext *context) {
    if (first != filter->next) vs_reset(filter->client);
    for (int k = first; k <= n; k++) {
        const VSFrame *in = filter->api->getFrameFilter(k, filter->node, context);
        keep(filter, k, paint(filter, in));
        filter->api->freeFrame(in);
    }
    filter->next = n + 1;
}

/* Where painting has to begin so that n comes out right. */
static int beginning(const Filter *filter, int n) {
    if (n >= filter->next && n - filter->next <= filter->reach) return filter->next;
    return n > filter->lead ? n - filter->lead : 0;
}

/* `asked` is the first of the frames requested so far, plus one. Never called twice at a time once frames are ready. */
static const VSFrame *VS_CC get_frame(int n, int reason, void *data, void **asked, VSFrameContext *context, VSCore *core,
                                      const VSAPI *api) {
    (void)core;
    Filter *filter = data;
    if (reason == arInitial) {
        api->requestFrameFilter(n, filter->node, context);
        *asked = (void *)(intptr_t)(n + 1);
        return NULL;
    }
    if (reason != arAllFramesReady) return NULL;
    const Painting *place = &filter->kept[n % filter->room];
    if (!place->frame || place->n != n) {
        const int first = beginning(filter, n), from = (int)(intptr_t)*asked - 1;
        if (first < from) {
            for (int k = first; k < from; k++) api->requestFrameFilter(k, filter->node, context);
            *asked = (void *)(intptr_t)(first + 1);
            return NULL;
        }
        paint_up_to(filter, first, n, context);
    }
    return api->addFrameRef(place->frame);
}

/* ---- the function ---- */

static void VS_CC free_filter(void *data, VSCore *core, const VSAPI *api) {
    (void)core;
    Filter *filter = data;
    for (int k = 0; k < filter->room; k++) api->freeFrame(filter->kept[k].frame);
    vs_destroy(filter->client);
    api->freeNode(filter->node);
    free(filter->rgba);
    free(filter->kept);
    free(filter);
}

static void say(void *user, enum vs_level level, const char *line) {
    const Filter *filter = user;
    char text[600];
    strcpy(text, "vidstyle: ");
    strncat(text, line, sizeof text - strlen(text) - 1);
    filter->api->logMessage(level == VS_WARNING ? mtWarning : mtInformation, text, filter->core);
}

static const char *text_of(const VSMap *arguments, const char *key, const char *otherwise, const VSAPI *api) {
    int missing;
    const char *text = api->mapGetData(arguments, key, 0, &missing);
    return missing ? otherwise : text;
}

static int number_of(const VSMap *arguments, const char *key, int otherwise, const VSAPI *api) {
    int missing;
    int number = api->mapGetIntSaturated(arguments, key, 0, &missing);
    return missing ? otherwise : number;
}

static int order_frames(Filter *filter, int steady) {
    VSCoreInfo core;
    filter->api->getCoreInfo(filter->core, &core);
    if (!steady) filter->lead = 0;
    filter->reach = steady ? (filter->lead < INT_MAX - core.numThreads ? filter->lead + core.numThreads : INT_MAX) : 0;
    const int room = 2 * core.numThreads + OUT_OF_ORDER;
    filter->kept = calloc(room, sizeof *filter->kept);
    filter->room = filter->kept ? room : 0;
    return filter->room;
}

/* What is wrong with the arguments, or NULL; the client has them then. */
static const char *configure(Filter *filter, const VSMap *arguments, const VSAPI *api) {
    const VSVideoFormat *format = &filter->info->format;
    const int rgb = format->colorFamily == cfRGB && format->sampleType == stInteger && format->bitsPerSample == 8;
    const int yuv = format->colorFamily == cfYUV && format->sampleType == stInteger && format->bitsPerSample == 8 &&
                    format->subSamplingW == 1 && format->subSamplingH == 1;
    const char *temporal = text_of(arguments, "temporal", "fast", api);
    int missing;
    double strength = api->mapGetFloat(arguments, "strength", 0, &missing);
    if (missing) strength = 1;
    if (!(rgb || yuv) || !filter->info->width)
        return "vidstyle: the clip must be RGB24 or YUV420P8, of one size; vidstyle_vs.stylize converts others";
    if (strcmp(temporal, "off") != 0 && strcmp(temporal, "fast") != 0) return "vidstyle: temporal must be \"off\" or \"fast\"";
    if (!(strength >= 0 && strength <= 1)) return "vidstyle: strength must be from 0 to 1";
    filter->lead = number_of(arguments, "lead", 24, api);
    if (filter->lead < 0) return "vidstyle: lead must be 0 or more";
    if (!order_frames(filter, strcmp(temporal, "off") != 0)) return "vidstyle: there is no memory";
    if (rgb) filter->rgba = malloc((size_t)4 * filter->info->width * filter->info->height);
    filter->client = vs_create("VapourSynth", say, filter);
    if (!filter->client || (rgb && !filter->rgba)) return "vidstyle: there is no memory";
    if (!vs_set(filter->client, "style", text_of(arguments, "style", "", api)) || !vs_set(filter->client, "temporal", temporal) ||
        !vs_set_number(filter->client, "strength", strength) ||
        !vs_set(filter->client, "keep-color", number_of(arguments, "keep_color", 0, api) ? "1" : "0") ||
        !vs_set(filter->client, "socket", text_of(arguments, "socket", "", api)) ||
        !vs_set(filter->client, "start", number_of(arguments, "start", 0, api) ? "1" : "0"))
        return "vidstyle: style or socket is too long, or has a line end";
    return NULL;
}

static void VS_CC create(const VSMap *arguments, VSMap *result, void *user, VSCore *core, const VSAPI *api) {
    (void)user;
    Filter *filter = calloc(1, sizeof *filter);
    if (!filter) {
        api->mapSetError(result, "vidstyle: there is no memory");
        return;
    }
    filter->api = api;
    filter->core = core;
    filter->node = api->mapGetNode(arguments, "clip", 0, NULL);
    filter->info = api->getVideoInfo(filter->node);
    const char *wrong = configure(filter, arguments, api);
    if (wrong) {
        api->mapSetError(result, wrong);
        free_filter(filter, core, api);
        return;
    }
    const VSFilterDependency needs[] = {{filter->node, filter->reach ? rpGeneral : rpStrictSpatial}};
    api->createVideoFilter(result, "Stylize", filter->info, get_frame, free_filter, fmParallelRequests, needs, 1, filter, core);
}

VS_EXTERNAL_API(void) VapourSynthPluginInit2(VSPlugin *plugin, const VSPLUGINAPI *api) {
    api->configPlugin("org.vidstyle.stylize", "vidstyle", "Video style transfer", VS_MAKE_VERSION(1, 0), VAPOURSYNTH_API_VERSION, 0,
                      plugin);
    api->registerFunction("Stylize",
                          "clip:vnode;style:data:opt;strength:float:opt;temporal:data:opt;keep_color:int:opt;lead:int:opt;"
                          "socket:data:opt;start:int:opt;",
                          "clip:vnode;", create, NULL, plugin);
}
