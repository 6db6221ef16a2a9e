/* How long the filter keeps the graphics thread, told at debug level (obs --verbose). */
#ifndef VIDSTYLE_OBS_TIMING_H
#define VIDSTYLE_OBS_TIMING_H

#include <obs-module.h>
#include <util/platform.h>

#define TIMED_FRAMES 300 /* between two lines of the log */

/* In the order of the frame's way: asked for, handed in, drawn and sent for, shown. */
enum part { FETCH, SUBMIT, DRAW, SHOW, PARTS };

struct timing {
    uint64_t begun, sum[PARTS]; /* nanoseconds */
    unsigned count[PARTS];
};

static inline void timing_begin(struct timing *timing) {
    timing->begun = os_gettime_ns();
}

/* The time since the last call, of this or of timing_begin, was spent on `part`. */
static inline void timing_spent(struct timing *timing, enum part part) {
    uint64_t now = os_gettime_ns();
    timing->sum[part] += now - timing->begun;
    timing->count[part]++;
    timing->begun = now;
}

static inline double timing_mean(const struct timing *timing, enum part part) {
    return timing->count[part] ? (double)timing->sum[part] / timing->count[part] / 1e6 : 0;
}

/* Where enough frames have come, tell and begin anew. */
static inline void timing_tell(struct timing *timing, const char *what, uint32_t width, uint32_t height) {
    if (timing->count[SUBMIT] < TIMED_FRAMES)
        return;
    blog(LOG_DEBUG, "[vidstyle] %s %ux%u, mean ms: fetch %.3f, submit %.3f, draw %.3f, show %.3f; painted %u of %u", what, width,
         height, timing_mean(timing, FETCH), timing_mean(timing, SUBMIT), timing_mean(timing, DRAW), timing_mean(timing, SHOW),
         timing->count[FETCH], timing->count[SUBMIT]);
    *timing = (struct timing){.begun = timing->begun};
}

#endif
