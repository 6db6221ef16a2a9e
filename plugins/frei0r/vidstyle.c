/* vidstyle as a frei0r filter: for ffmpeg (-vf frei0r=vidstyle:…), MLT (melt, Kdenlive, Shotcut) and GStreamer
 * (frei0r-filter-vidstyle).
 *
 * These hosts render files as readily as they play, and a file's frames should all be painted. So the plugin waits long for an
 * engine that is at work (`deadline`), not at all where there is none, and one deadline for one that is silent.
 */
#include <frei0r.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turns.h"

/* ffmpeg 5.1 hands over rows of a multiple of 16 pixels whatever width it names. Padding the picture to such a width makes the rows
 * true, and `columns` tells which part of them is the picture: see vidstyle/bridge/ffmpeg.py. */

#define EXPORT __attribute__((visibility("default")))

#define DEADLINE 30.0      /* seconds for a frame */
#define WARM_UP 120.0      /* until the first painting: models are loaded, styles read, graphs compiled */
#define DEADLINE_MAX 3600.0

/* Style comes first: ffmpeg sets an empty number to 0 and leaves those behind the last one given at their defaults. */
enum parameter { STYLE, STRENGTH, TEMPORAL, KEEP_COLOR, PATIENCE, SOCKET, START, COLUMNS, FILENAME, PARAMETERS };

static const struct {
    const char *name, *key;
    int type;
    const char *explanation;
} parameters[PARAMETERS] = {
    {"style", "style", F0R_PARAM_STRING, "a built-in style's name, or a picture's path"},
    {"strength", "strength", F0R_PARAM_DOUBLE, "from the original (0) to the painting (1)"},
    {"temporal", "temporal", F0R_PARAM_STRING, "steadiness in time: fast, or off"},
    {"keep-color", "keep-color", F0R_PARAM_BOOL, "keep the clip's colors"},
    {"deadline", NULL, F0R_PARAM_DOUBLE, "seconds to wait for a frame before it passes unpainted; 0: long enough for files"},
    {"socket", "socket", F0R_PARAM_STRING, "the engine's socket; empty: the usual one"},
    {"start", "start", F0R_PARAM_STRING, "1, or the vidstyle command's path: start an engine where none runs"},
    {"columns", NULL, F0R_PARAM_DOUBLE, "how many columns, from the left, are the picture; 0: all"},
    {"filename", NULL, F0R_PARAM_STRING, "a picture's path, in the style's place"}, /* MLT knows paths by such a name: projects may move */
};

struct instance {
    pthread_mutex_t lock; /* of the values: GStreamer sets them on another thread */
    double numbers[PARAMETERS];
    char *texts[PARAMETERS];

    unsigned width, height;
    const char *host;
    bool shared;
    struct seat *seat;
    bool painted; /* once at least */
};

EXPORT int f0r_init(void) {
    return 1;
}

EXPORT void f0r_deinit(void) {
}

EXPORT void f0r_get_plugin_info(f0r_plugin_info_t *info) {
    info->name = "vidstyle";
    info->author = "the vidstyle project";
    info->plugin_type = F0R_PLUGIN_TYPE_FILTER;
    info->color_model = F0R_COLOR_MODEL_RGBA8888;
    info->frei0r_version = FREI0R_MAJOR_VERSION;
    info->major_version = 0;
    info->minor_version = 1;
    info->num_params = PARAMETERS;
    info->explanation = "Paints video in the style of a picture";
}

EXPORT void f0r_get_param_info(f0r_param_info_t *info, int k) {
    if (k < 0 || k >= PARAMETERS)
        return;
    info->name = parameters[k].name;
    info->type = parameters[k].type;
    info->explanation = parameters[k].explanation;
}

/* Which host this is, by the library that calls. */
static const char *host_of(const void *caller, bool *shared) {
    Dl_info found;
    const char *library = dladdr(caller, &found) && found.dli_fname ? found.dli_fname : "";
    *shared = strstr(library, "mltfrei0r") != NULL;
    return *shared ? "MLT" : strstr(library, "gstfrei0r") ? "GStreamer" : "ffmpeg";
}

EXPORT f0r_instance_t f0r_construct(unsigned int width, unsigned int height) {
    struct instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        return NULL;
    pthread_mutex_init(&instance->lock, NULL);
    for (int k = 0; k < PARAMETERS; k++)
        if (!(instance->texts[k] = strdup(k == TEMPORAL ? "fast" : ""))) {
            f0r_destruct(instance);
            return NULL;
        }
    instance->numbers[STRENGTH] = 1;
    instance->width = width;
    instance->height = height;
    instance->host = host_of(__builtin_return_address(0), &instance->shared);
    return instance;
}

EXPORT void f0r_destruct(f0r_instance_t which) {
    struct instance *instance = which;
    turns_leave(instance->seat);
    for (int k = 0; k < PARAMETERS; k++)
        free(instance->texts[k]);
    pthread_mutex_destroy(&instance->lock);
    free(instance);
}

EXPORT void f0r_set_param_value(f0r_instance_t which, f0r_param_t value, int k) {
    struct instance *instance = which;
    if (k < 0 || k >= PARAMETERS || !value)
        return;
    pthread_mutex_lock(&instance->lock);
    if (parameters[k].type == F0R_PARAM_STRING) {
        const char *text = *(f0r_param_string *)value;
        char *copy = strdup(text ? text : "");
        if (copy) {
            free(instance->texts[k]);
            instance->texts[k] = copy;
        }
    } else {
        double number = *(double *)value, most = k == PATIENCE ? DEADLINE_MAX : k == COLUMNS ? instance->width : 1;
        instance->numbers[k] = number > most ? most : number >= 0 ? number : 0; /* hosts do not check; 0 for no number */
    }
    pthread_mutex_unlock(&instance->lock);
}

EXPORT void f0r_get_param_value(f0r_instance_t which, f0r_param_t value, int k) {
    struct instance *instance = which;
    if (k < 0 || k >= PARAMETERS || !value)
        return;
    if (parameters[k].type == F0R_PARAM_STRING)
        *(f0r_param_string *)value = instance->texts[k];
    else
        *(double *)value = instance->numbers[k];
}

/* Under the lock. */
static const char *style_of(const struct instance *instance) {
    return instance->texts[FILENAME][0] ? instance->texts[FILENAME] : instance->texts[STYLE];
}

/* Hand the parameters on; the client sends those that changed. Returns the deadline in milliseconds. */
static int apply(struct instance *instance, vs_client *client) {
    pthread_mutex_lock(&instance->lock);
    double deadline = instance->numbers[PATIENCE];
    for (int k = 0; k < PARAMETERS; k++) {
        if (!parameters[k].key)
            continue;
        if (parameters[k].type == F0R_PARAM_STRING)
            vs_set(client, parameters[k].key, k == STYLE ? style_of(instance) : instance->texts[k]);
        else if (k == KEEP_COLOR)
            vs_set(client, parameters[k].key, instance->numbers[k] >= 0.5 ? "1" : "0");
        else
            vs_set_number(client, parameters[k].key, instance->numbers[k]);
    }
    pthread_mutex_unlock(&instance->lock);
    if (deadline <= 0)
        deadline = instance->painted ? DEADLINE : WARM_UP;
    return (int)(deadline * 1000);
}

/* Tells apart what frames are painted with; Fowler, Noll and Vo's. */
static uint64_t mix(uint64_t key, const void *data, size_t size) {
    const uint8_t *bytes = data;
    for (size_t at = 0; at < size; at++)
        key = (key ^ bytes[at]) * UINT64_C(0x100000001b3);
    return key;
}

static uint64_t key_of(struct instance *instance, double time) {
    uint64_t key = mix(UINT64_C(0xcbf29ce484222325), &time, sizeof time);
    pthread_mutex_lock(&instance->lock);
    key = mix(key, instance->numbers, sizeof instance->numbers);
    for (int k = 0; k < PARAMETERS; k++)
        key = mix(key, instance->texts[k], strlen(instance->texts[k]) + 1);
    pthread_mutex_unlock(&instance->lock);
    return key;
}

EXPORT void f0r_update(f0r_instance_t which, double time, const uint32_t *in, uint32_t *out) {
    struct instance *instance = which;
    size_t size = (size_t)instance->width * instance->height * 4;
    /* Not in f0r_construct: GStreamer constructs plugins merely to look at them. */
    pthread_mutex_lock(&instance->lock);
    if (!instance->seat)
        instance->seat = turns_join(instance->shared, instance->host, instance->width, instance->height, style_of(instance));
    unsigned columns = (unsigned)instance->numbers[COLUMNS];
    pthread_mutex_unlock(&instance->lock);
    if (!instance->seat) {
        memcpy(out, in, size);
        return;
    }
    struct vs_picture from = {.width = columns ? columns : instance->width,
                              .height = instance->height,
                              .format = VS_RGBA,
                              .plane = {(uint8_t *)(uintptr_t)in},
                              .stride = {(ptrdiff_t)instance->width * 4}};
    if (columns && columns < instance->width)
        memcpy(out, in, size); /* what is beside the picture */
    struct vs_picture to = from;
    to.plane[0] = (uint8_t *)out;
    uint64_t key = instance->shared ? key_of(instance, time) : 0;
    uint64_t number = turns_begin(instance->seat, time);
    vs_client *client = turns_client(instance->seat);
    if (!instance->shared || !turns_recall(instance->seat, key, in, out, size)) {
        if (vs_process(client, &from, &to, number, apply(instance, client)) == VS_PAINTED) {
            instance->painted = true;
            if (instance->shared)
                turns_keep(instance->seat, key, in, out, size);
        }
    }
    turns_end(instance->seat);
}
