/* A host for the client's tests: takes commands from stdin, a line each, and answers each with one line.
 *
 *     shape WIDTH HEIGHT FORMAT [PAD]      of the frames that follow; PAD bytes behind each row
 *     set KEY VALUE    number KEY VALUE    reset    status
 *     process NUMBER DEADLINE FILL         paint a frame all of whose bytes are FILL
 *     fork NUMBER DEADLINE FILL            the same in a forked process, which then ends
 *     submit NUMBER FILL    fetch    peek
 *
 * process and fetch answer: result, milliseconds, frame number, then the first and the last byte of each plane, and "padding"
 * where the client wrote between rows. What the client logs comes on stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../vidstyle_client.h"

static const char *const results[] = {"original", "last", "painted"};
#define PADDING 0xA5

static void log_line(void *user, enum vs_level level, const char *line) {
    (void)user;
    fprintf(stderr, "%s%s\n", level == VS_WARNING ? "! " : "", line);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* A picture in fresh memory, so that a sanitizer sees a write beside it. */
static struct vs_picture make(const struct vs_picture *shape, unsigned pad, int fill) {
    struct vs_picture p = *shape;
    size_t half = (p.width + 1u) / 2u, half_rows = (p.height + 1u) / 2u;
    size_t sizes[3] = {4u * (size_t)p.width, 0, 0}, rows[3] = {p.height, half_rows, half_rows};
    if (p.format == VS_I420 || p.format == VS_NV12) {
        sizes[0] = p.width;
        sizes[1] = p.format == VS_I420 ? half : 2 * half;
        sizes[2] = p.format == VS_I420 ? half : 0;
    }
    for (int k = 0; k < 3 && sizes[k]; k++) {
        p.stride[k] = (ptrdiff_t)(sizes[k] + pad);
        p.plane[k] = malloc((sizes[k] + pad) * rows[k]);
        memset(p.plane[k], PADDING, (sizes[k] + pad) * rows[k]);
        for (size_t y = 0; y < rows[k]; y++)
            memset(p.plane[k] + y * (sizes[k] + pad), fill, sizes[k]);
    }
    return p;
}

static void tell(struct vs_picture *p, unsigned pad) {
    bool written = false;
    for (int k = 0; k < 3 && p->plane[k]; k++) {
        size_t rows = k ? (p->height + 1u) / 2u : p->height, stride = (size_t)p->stride[k];
        printf(" %d %d", p->plane[k][0], p->plane[k][stride * rows - pad - 1]);
        for (size_t y = 0; y < rows; y++)
            for (size_t x = stride - pad; x < stride; x++)
                written = written || p->plane[k][y * stride + x] != PADDING;
        free(p->plane[k]);
    }
    printf("%s\n", written ? " padding" : "");
}

static void process(vs_client *client, const struct vs_picture *shape, unsigned pad, unsigned long long number, int deadline,
                    int fill) {
    struct vs_picture in = make(shape, pad, fill), out = make(shape, pad, PADDING);
    double begun = now();
    enum vs_result result = vs_process(client, &in, &out, number, deadline);
    printf("%s %.0f %llu", results[result], now() - begun, number);
    for (int k = 0; k < 3; k++)
        free(in.plane[k]);
    tell(&out, pad);
}

int main(void) {
    struct vs_picture shape = {.width = 8, .height = 6, .format = VS_RGBA};
    unsigned pad = 0;
    char line[8192], status[256];
    vs_client *client = vs_create("drive", log_line, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin)) {
        char key[32];
        int at = 0, deadline = 0, fill = 0;
        unsigned width, height, format;
        unsigned long long number = 0;
        double value;
        line[strcspn(line, "\n")] = 0;
        if (sscanf(line, "shape %u %u %u %u", &width, &height, &format, &pad) >= 3) {
            shape = (struct vs_picture){.width = width, .height = height, .format = (uint8_t)format};
            if (format >= VS_I420) {
                shape.matrix = VS_BT709;
                shape.range = VS_LIMITED;
            }
            puts("ok");
        } else if (sscanf(line, "set %31s %n", key, &at) == 1 && at) {
            puts(vs_set(client, key, line + at) ? "ok" : "no");
        } else if (sscanf(line, "number %31s %lf", key, &value) == 2) {
            puts(vs_set_number(client, key, value) ? "ok" : "no");
        } else if (!strcmp(line, "reset")) {
            vs_reset(client);
            puts("ok");
        } else if (!strcmp(line, "status")) {
            vs_status(client, status, sizeof status);
            puts(status);
        } else if (sscanf(line, "process %llu %d %d", &number, &deadline, &fill) == 3) {
            process(client, &shape, pad, number, deadline, fill);
        } else if (sscanf(line, "fork %llu %d %d", &number, &deadline, &fill) == 3) {
            pid_t child = fork();
            if (!child) {
                process(client, &shape, pad, number, deadline, fill);
                vs_destroy(client);
                _exit(0);
            }
            waitpid(child, NULL, 0);
        } else if (sscanf(line, "submit %llu %d", &number, &fill) == 2) {
            struct vs_picture in = make(&shape, pad, fill);
            puts(vs_submit(client, &in, number) ? "ok" : "no");
            for (int k = 0; k < 3; k++)
                free(in.plane[k]);
        } else if (!strcmp(line, "fetch")) {
            struct vs_picture out = make(&shape, pad, PADDING);
            uint64_t got = 0;
            double begun = now();
            enum vs_result result = vs_fetch(client, &out, &got);
            printf("%s %.0f %llu", results[result], now() - begun, (unsigned long long)got);
            tell(&out, pad);
        } else if (!strcmp(line, "peek")) {
            struct vs_picture nowhere = shape;
            puts(results[vs_fetch(client, &nowhere, NULL)]);
        } else {
            puts("what?");
        }
    }
    vs_destroy(client);
    return 0;
}
