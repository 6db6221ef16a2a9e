/* The client of vidstyle's engine, for a host's plugin: hand in a frame, get it back painted.
 *
 * One header, one source, C99 and POSIX threads, nothing else: compile vidstyle_client.c into the plugin with
 * -D_GNU_SOURCE -pthread. The engine is another process (plugins/PROTOCOL.md), and it is not trusted: whatever it does, sends or
 * fails to send, a call here returns within its deadline, the host goes on, and a frame comes back painted or as it was.
 *
 *     vs_client *client = vs_create("my host", log_line, NULL);
 *     vs_set(client, "style", "waves");
 *     struct vs_picture frame = {.width = w, .height = h, .format = VS_RGBA, .plane = {pixels}, .stride = {4 * w}};
 *     vs_process(client, &frame, &frame, number, 30);
 *     vs_destroy(client);
 *
 * Threads: vs_set, vs_set_number, vs_reset, vs_hurry and vs_status may be called from any thread at any time and do not wait
 * for a frame. vs_process, vs_submit, vs_fetch and vs_destroy belong to one thread at a time. Clients are independent of each
 * other. A process that was forked off gets a connection of its own with its next frame.
 */
#ifndef VIDSTYLE_CLIENT_H
#define VIDSTYLE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vidstyle_protocol.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vs_client vs_client;

enum vs_level { VS_INFO, VS_WARNING };

/* Gets a line without a line end, once for each change of state, never once a frame. Called on the thread of the frames. */
typedef void (*vs_log_fn)(void *user, enum vs_level level, const char *line);

enum vs_result {
    VS_ORIGINAL, /* as it was: no engine, no style, or not in time and nothing painted before */
    VS_LAST,     /* not in time; the last good painting, no older than two seconds */
    VS_PAINTED
};

/* A picture in the host's memory. Rows may be padded, and may run upwards (a negative stride). */
struct vs_picture {
    uint32_t width, height; /* 1 to 16384 */
    uint8_t format;         /* enum vs_format */
    uint8_t matrix, range;  /* enum vs_matrix, enum vs_range; 0 for RGB */
    uint8_t *plane[3];      /* RGBA, BGRA: 1; NV12: 2; I420: 3 */
    ptrdiff_t stride[3];    /* bytes from one row to the next */
};

/* `host` is for the engine's log. Neither connects nor blocks: hosts make plugins merely to look at them. NULL: no memory. */
vs_client *vs_create(const char *host, vs_log_fn log, void *user);
void vs_destroy(vs_client *client);

/* Set a parameter; it holds from the next frame on. False, and nothing changes, for an unknown key or an impossible value.
 *
 *   style       a built-in style's name or a picture's path (relative paths are the host's); several are joined by tabs, each with
 *               a weight: "a.jpg:0.7\twaves:0.3". Empty, as at first: frames stay as they are and the engine is not asked.
 *   strength    0 to 1; at first 1
 *   temporal    "off" or "fast"; at first "fast"
 *   keep-color  "0" or "1"; at first "0"
 *   socket      the engine's socket; empty, as at first: where PROTOCOL.md says
 *   start       "1" or the path of the vidstyle command: start an engine where none runs, at most once a minute, detached; "0" or
 *               empty, as at first: do not
 */
bool vs_set(vs_client *client, const char *key, const char *value);

/* The same for a number. printf would write 0,5 in some of the locales that hosts set; this does not. */
bool vs_set_number(vs_client *client, const char *key, double value);

/* The next frame does not follow the one before: after a seek. */
void vs_reset(vs_client *client);

/* A host that stops or seeks does not want to wait: from now on vs_process returns at once, also where it is waiting on another
 * thread, until this is called with false.
 */
void vs_hurry(vs_client *client, bool hurry);

/* One line for a user interface: "painted by brisk", "no engine at …". Always ends with a zero. */
void vs_status(vs_client *client, char *line, size_t size);

/* Paint `in` into `out`, which has the same size and format and may be the same memory; `in` is not written otherwise. Returns
 * within deadline_ms (milliseconds; 0: do not wait) and the time of two copies. `out` holds a whole picture whatever is returned.
 *
 * A frame that does not come in time is still painted, and then serves as the last good one. While one is late, later frames are
 * handed in but not waited for: a silent engine costs a host one deadline, not one for each frame. Where the engine is being
 * started ("start"), its coming is waited for in the same way.
 *
 * `number` counts the host's frames: one that does not follow the number before is a seek.
 */
enum vs_result vs_process(vs_client *client, const struct vs_picture *in, struct vs_picture *out, uint64_t number,
                          int deadline_ms);

/* The same in two halves, for hosts that must not wait at all and show a painting a frame or two later.
 *
 * vs_submit hands in a frame; false if it was not: no engine, or two frames are with it already.
 * vs_fetch takes the newest painting: VS_PAINTED, and VS_LAST where it was fetched before, write `out` and `number` (may be NULL).
 * VS_ORIGINAL: there is nothing to show, and neither is written. `out` has the size and format of the frames handed in; otherwise
 * there is nothing to show. Where out->plane[0] is NULL it only says what it would do: a host can then fetch when it has a place.
 */
bool vs_submit(vs_client *client, const struct vs_picture *in, uint64_t number);
enum vs_result vs_fetch(vs_client *client, struct vs_picture *out, uint64_t *number);

#ifdef __cplusplus
}
#endif

#endif
