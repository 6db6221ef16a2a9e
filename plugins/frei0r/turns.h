/* Frames in the clip's order, whichever thread brings them.
 *
 * MLT makes an instance of a frei0r plugin for each of its render threads and hands the frames of one clip to whichever is free.
 * Steady painting needs them in order. So the instances of one filter share one clip, which lets them in one at a time, by
 * the frames' times: a frame waits while the one before it may still come on another thread.
 *
 * MLT does not say which instances are of one filter. A thread has one instance of each filter, and meets the filters in the
 * same order as the other threads do: of several filters of one size and style, the instance that is a thread's first is with the
 * others' first, its second with their second.
 */
#ifndef VIDSTYLE_TURNS_H
#define VIDSTYLE_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#include "../client/vidstyle_client.h"

struct clip;
struct seat;

/* A seat in a clip, or NULL where there is no memory. `shared`: the host is such a one; else the seat has its clip for itself. */
struct seat *turns_join(bool shared, const char *host, unsigned width, unsigned height, const char *style);
void turns_leave(struct seat *seat);

/* Wait for the turn of a frame; time is in seconds and is not looked at where the clip is not shared. Then the clip's client is the
 * caller's until turns_end. Returns the number of the frame. Waits no longer than a second where nobody paints. */
uint64_t turns_begin(struct seat *seat, double time);
void turns_end(struct seat *seat);

vs_client *turns_client(struct seat *seat);

/* MLT asks for a frame again where it is paused, and for the last one on every thread at the clip's end. It is to look the same, and not
 * to be painted anew as if after a seek. Between turns_begin and turns_end only; `key` tells times and parameters apart, and all
 * pictures of a clip are of one `size`. */
bool turns_recall(struct seat *seat, uint64_t key, const void *picture, void *painting, size_t size);
void turns_keep(struct seat *seat, uint64_t key, const void *picture, const void *painting, size_t size);

#endif
