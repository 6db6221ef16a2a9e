/* How long the filter keeps the graphics thread, told at debug level (obs --verbose). */
#ifndef VIDSTYLE_OBS_TIMING_H
#define VIDSTYLE_OBS_TIMING_H

#include <obs-module.h>
#include <util/platform.h>

#define TIMED_FRAMES 100 /* between two lines of the log */

/* In the order of the frame's way: asked for, handed in, drawn and sent for, shown. */
enum part { FETCH, SUBMIT, DRAW, SHOW, PARTS };

struct timing {
    uint64_t begun, sum[PARTS], least[PARTS]; /* nanoseconds */
    unsigned count[PARTS];
};

static inline void timing_begin(struct timing *timing) {
    timing->begun = os_gettime_ns();
}

/* The time since the last call, of this or of timing_begin, was spent on `part`. */
static inline void timing_spent(struct timing *timing, enum part part) {
    uint64_t now = os_gettime_ns(), spent = now - timing->begun;
    timing->sum[part] += spent;
    if (!timing->count[part]++ || spent < timing->least[part])
        timing->least[part] = spent;
    timing->begun = now;
}

/* Where enough frames have come, tell and begin anew. The least is what it takes where nothing else runs. */
static inline void timing_tell(struct timing *timing, const char *what, uint32_t width, uint32_t height) {
    if (timing->count[SUBMIT] < TIMED_FRAMES)
        return;
    double mean[PARTS], least[PARTS];
    for (int part = 0; part < PARTS; part++) {
        mean[part] = timing->count[part] ? (double)timing->sum[part] / timing->count[part] / 1e6 : 0;
        least[part] = (double)timing->least[part] / 1e6;
    }
    blog(LOG_DEBUG, "[vidstyle] %s %ux%u, ms mean (least): fetch %.3f (%.3f), submit %.3f (%.3f), draw %.3f (%.3f), show %.3f (%.3f)",
         what, width, height, mean[FETCH], least[FETCH], mean[SUBMIT], least[SUBMIT], mean[DRAW], least[DRAW], mean[SHOW], least[SHOW]);
    *timing = (struct timing){.begun = timing->begun};
}

#endif
