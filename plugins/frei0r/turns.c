#include "turns.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GATHER 0.2  /* seconds: the first frames of a clip may come in any order */
#define PATIENCE 1.0 /* for a frame that should come before this one */
#define ABSENT 2.0  /* a thread that brought nothing for so long is not waited for: hosts leave instances of ended threads behind */
#define JUMP 1.0    /* of the clip's time: a seek */

struct seat {
    struct clip *clip;
    struct seat *next;
    pthread_t thread;
    bool waiting;
    double time; /* of the frame that waits */
    double seen; /* when it came last */
};

struct clip {
    struct clip *next;
    vs_client *client;
    char *style;
    unsigned width, height;
    bool shared;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct seat *seats;
    bool busy, begun;
    double last, gap;     /* the frame let in last; between two frames, as far as seen (0: not yet) */
    double first_came, ended; /* when */
    uint64_t number;

    uint64_t key;   /* of the frame painted last */
    uint8_t *kept;  /* it, and its painting behind it */
};

static pthread_mutex_t clips_lock = PTHREAD_MUTEX_INITIALIZER;
static struct clip *clips;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void log_line(void *user, enum vs_level level, const char *line) {
    (void)user;
    (void)level;
    fprintf(stderr, "vidstyle: %s\n", line);
}

static struct clip *make_clip(bool shared, const char *host, unsigned width, unsigned height, const char *style) {
    pthread_condattr_t monotonic;
    struct clip *clip = calloc(1, sizeof *clip);
    if (!clip)
        return NULL;
    clip->client = vs_create(host, log_line, NULL);
    clip->style = strdup(style);
    if (!clip->client || !clip->style) {
        vs_destroy(clip->client);
        free(clip->style);
        free(clip);
        return NULL;
    }
    clip->width = width;
    clip->height = height;
    clip->shared = shared;
    pthread_mutex_init(&clip->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&clip->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return clip;
}

static bool has_seat(const struct clip *clip, pthread_t thread) {
    for (const struct seat *seat = clip->seats; seat; seat = seat->next)
        if (pthread_equal(seat->thread, thread))
            return true;
    return false;
}

struct seat *turns_join(bool shared, const char *host, unsigned width, unsigned height, const char *style) {
    struct seat *seat = calloc(1, sizeof *seat);
    if (!seat)
        return NULL;
    seat->thread = pthread_self();
    seat->seen = now();
    pthread_mutex_lock(&clips_lock);
    struct clip **end = &clips, *clip = NULL;
    for (; *end && !clip; end = &(*end)->next) {
        struct clip *c = *end;
        if (shared && c->shared && c->width == width && c->height == height && !strcmp(c->style, style) &&
            !has_seat(c, seat->thread))
            clip = c;
    }
    if (!clip) {
        clip = make_clip(shared, host, width, height, style);
        *end = clip;
    }
    if (clip) {
        pthread_mutex_lock(&clip->lock);
        seat->clip = clip;
        seat->next = clip->seats;
        clip->seats = seat;
        pthread_mutex_unlock(&clip->lock);
    }
    pthread_mutex_unlock(&clips_lock);
    if (!clip) {
        free(seat);
        return NULL;
    }
    return seat;
}

void turns_leave(struct seat *seat) {
    if (!seat)
        return;
    struct clip *clip = seat->clip;
    pthread_mutex_lock(&clips_lock);
    pthread_mutex_lock(&clip->lock);
    struct seat **at = &clip->seats;
    while (*at != seat)
        at = &(*at)->next;
    *at = seat->next;
    bool empty = !clip->seats;
    pthread_cond_broadcast(&clip->changed);
    pthread_mutex_unlock(&clip->lock);
    if (empty) {
        struct clip **c = &clips;
        while (*c != clip)
            c = &(*c)->next;
        *c = clip->next;
    }
    pthread_mutex_unlock(&clips_lock);
    free(seat);
    if (!empty)
        return;
    vs_destroy(clip->client);
    pthread_cond_destroy(&clip->changed);
    pthread_mutex_destroy(&clip->lock);
    free(clip->kept);
    free(clip->style);
    free(clip);
}

/* Learn how far apart frames are: the least distance between any two times. */
static void learn_gap(struct clip *clip, double time) {
    for (const struct seat *seat = clip->seats; seat; seat = seat->next) {
        double apart = seat->time > time ? seat->time - time : time - seat->time;
        if (seat->waiting && apart > 1e-4 && (clip->gap <= 0 || apart < clip->gap))
            clip->gap = apart;
    }
}

/* When `seat` may go in: 0: now; else not before that time, unless something changes. */
static double may_go(const struct clip *clip, const struct seat *seat, double came) {
    const double never = 1e18;
    unsigned awaited = 0;
    double at = now();
    if (clip->busy)
        return never;
    for (const struct seat *other = clip->seats; other; other = other->next) {
        if (other->waiting && (other->time < seat->time || (other->time <= seat->time && other < seat)))
            return never;
        awaited += !other->waiting && at - other->seen < ABSENT;
    }
    double until;
    if (!clip->begun)
        until = clip->first_came + GATHER;
    else if (!awaited || seat->time <= clip->last + 1.5 * clip->gap || seat->time > clip->last + (awaited + 1.5) * clip->gap)
        return 0; /* it follows, or it is too far away for the frames between to be in the others' hands */
    else
        until = (came > clip->ended ? came : clip->ended) + PATIENCE;
    return until > at ? until : 0;
}

uint64_t turns_begin(struct seat *seat, double time) {
    struct clip *clip = seat->clip;
    pthread_mutex_lock(&clip->lock);
    double came = now(), until;
    if (clip->shared) {
        seat->time = time;
        seat->seen = came;
        seat->waiting = true;
        if (clip->first_came <= 0)
            clip->first_came = came;
        learn_gap(clip, time);
        pthread_cond_broadcast(&clip->changed);
        while ((until = may_go(clip, seat, came)) > 0) {
            double limit = until > came + 3600 ? came + 3600 : until;
            struct timespec t = {.tv_sec = (time_t)limit, .tv_nsec = (long)((limit - (double)(time_t)limit) * 1e9)};
            pthread_cond_timedwait(&clip->changed, &clip->lock, &t);
        }
        seat->waiting = false;
        /* Frames that the host skips to keep pace are no seek. */
        bool follows = clip->begun && time > clip->last && time <= clip->last + JUMP;
        clip->number += follows ? 1 : clip->begun && time == clip->last ? 0 : 2;
        clip->last = time;
    } else {
        clip->number++;
    }
    clip->busy = clip->begun = true;
    uint64_t number = clip->number;
    pthread_mutex_unlock(&clip->lock);
    return number;
}

void turns_end(struct seat *seat) {
    struct clip *clip = seat->clip;
    pthread_mutex_lock(&clip->lock);
    clip->busy = false;
    clip->ended = seat->seen = now();
    pthread_cond_broadcast(&clip->changed);
    pthread_mutex_unlock(&clip->lock);
}

vs_client *turns_client(struct seat *seat) {
    return seat->clip->client;
}

bool turns_recall(struct seat *seat, uint64_t key, const void *picture, void *painting, size_t size) {
    const struct clip *clip = seat->clip;
    if (!clip->kept || clip->key != key || memcmp(clip->kept, picture, size) != 0)
        return false;
    memcpy(painting, clip->kept + size, size);
    return true;
}

void turns_keep(struct seat *seat, uint64_t key, const void *picture, const void *painting, size_t size) {
    struct clip *clip = seat->clip;
    if (!clip->kept)
        clip->kept = malloc(2 * size);
    if (!clip->kept)
        return;
    memcpy(clip->kept, picture, size);
    memcpy(clip->kept + size, painting, size);
    clip->key = key;
}
