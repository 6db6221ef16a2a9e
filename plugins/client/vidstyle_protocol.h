/* The wire between a host's plugin and the engine, version 1. Explained in plugins/PROTOCOL.md.
 *
 * Both ends run on one machine, so numbers have its byte order and structures its alignment; every field is placed such
 * that no compiler pads. Python's view of the same bytes is vidstyle/bridge/protocol.py.
 */
#ifndef VIDSTYLE_PROTOCOL_H
#define VIDSTYLE_PROTOCOL_H

#include <stdint.h>

#define VS_MAGIC 0x59545356u /* "VSTY" */
#define VS_VERSION_MAJOR 1   /* another one is refused */
#define VS_VERSION_MINOR 0   /* a later one only adds */
#define VS_TEXT_MAX 4096     /* bytes of text behind a header, at most */
#define VS_SLOTS_MAX 8

enum vs_message {
    /* client to engine */
    VS_HELLO = 1, /* vs_hello */
    VS_OPEN = 2,  /* vs_open, and the descriptor of the shared memory beside it */
    VS_SET = 3,   /* UTF-8 text, lines of key=value */
    VS_FRAME = 4, /* slot, number, flags; no body */
    /* engine to client */
    VS_WELCOME = 65, /* vs_welcome */
    VS_OPENED = 66,  /* no body */
    VS_DONE = 67,    /* slot, number, flags; no body */
    VS_NOTE = 68,    /* UTF-8 text for a person; nothing else changes */
    VS_REFUSED = 69  /* UTF-8 text; the engine closes the connection behind it */
};

enum vs_frame_flag {
    VS_FRAME_RESET = 1, /* FRAME: nothing before this frame belongs to it */
    VS_DONE_PAINTED = 1 /* DONE: the slot holds a painting; otherwise it is as it came */
};

/* Pictures in a slot: planes one behind the other, rows without padding. */
enum vs_format {
    VS_RGBA = 1, /* 8 bits each; alpha comes back as it was */
    VS_BGRA = 2,
    VS_I420 = 3, /* Y, then U, then V of half the size, rounded up */
    VS_NV12 = 4  /* Y, then U and V in turns */
};

/* Of I420 and NV12; RGB formats have 0 in both. */
enum vs_matrix { VS_BT601 = 1, VS_BT709 = 2, VS_BT2020 = 3 };
enum vs_range { VS_LIMITED = 1, VS_FULL = 2 };

/* In front of every message. */
struct vs_header {
    uint32_t size; /* of the whole message, this header included */
    uint16_t type; /* vs_message */
    uint8_t slot;
    uint8_t flags;
    uint64_t number; /* of the frame */
};

struct vs_hello {
    uint32_t magic;
    uint16_t major, minor;
    char host[40]; /* who asks, for the engine's log: "ffmpeg", "OBS"; ends with zeros */
};

struct vs_welcome {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t max_pixels; /* of a frame */
    uint32_t reserved;
    char model[64];
};

struct vs_open {
    uint32_t width, height;
    uint8_t format, matrix, range, slots;
    uint32_t slot_size; /* bytes, a multiple of 64 and no less than a picture; slot k begins at k * slot_size */
    uint64_t stream;    /* connections that give the same number, other than 0, are one clip */
};

#endif
