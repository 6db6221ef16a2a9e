/* The client of vidstyle's engine: see vidstyle_client.h.
 *
 * From top to bottom: the system, parameters, what is told, the connection, the frames' memory, frames, the interface.
 */
#include "vidstyle_client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The system ---------------------------------------------------------------------------------------------------------
 * All that another system does otherwise. On Windows: a named pipe, a named file mapping, CreateProcess. Times are in
 * milliseconds; nothing here waits unless its name says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0
#endif

enum { AGAIN = -2, ENDED = -1 };                          /* of system_receive */
enum engine_start { START_FAILED, START_COMING };         /* of system_start */
enum connect_failure { CONNECT_ABSENT = -1, CONNECT_FOREIGN = -2, CONNECT_PATH = -3 };
#define START_PAUSE 60000
#define ENGINES 8 /* that one host starts, at most */

/* Another one after a fork. */
static long system_process(void) {
    return (long)getpid();
}

static int64_t system_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void system_default_socket(char *path, size_t size) {
    const char *named = getenv("VIDSTYLE_SOCKET"), *runtime = getenv("XDG_RUNTIME_DIR");
    if (named && *named)
        snprintf(path, size, "%s", named);
    else if (runtime && *runtime)
        snprintf(path, size, "%s/vidstyle/engine.sock", runtime);
    else
        snprintf(path, size, "/tmp/vidstyle-%lu/engine.sock", (unsigned long)getuid());
}

/* A connected socket, or a connect_failure. On Unix sockets a connection is there at once or not at all. */
static int system_connect(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct ucred owner;
    socklen_t owner_size = sizeof owner;
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path)
        return CONNECT_PATH;
    memcpy(address.sun_path, path, length + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return CONNECT_ABSENT;
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return CONNECT_ABSENT;
    }
    /* Who listens, not who made the file: that cannot change under us. */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &owner, &owner_size) != 0 || (owner.uid != geteuid() && owner.uid != 0)) {
        close(fd);
        return CONNECT_FOREIGN;
    }
    return fd;
}

/* All bytes at once, or false: few and small messages are under way, so an engine that leaves no room for one does not read. */
static bool system_send(int fd, const void *bytes, size_t size, int passed) {
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (passed >= 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.room;
        message.msg_controllen = sizeof control.room;
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(rights), &passed, sizeof passed);
    }
    ssize_t sent;
    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size;
}

/* How many bytes came, or AGAIN, or ENDED. Descriptors that an engine sends along are dropped by the kernel. */
static int system_receive(int fd, void *bytes, size_t size) {
    ssize_t got;
    do
        got = recv(fd, bytes, size, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        return (int)got;
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? AGAIN : ENDED;
}

/* Wait until there is something to receive, or for `milliseconds`; without a socket (-1) just wait. */
static void system_wait(int fd, int64_t milliseconds) {
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    if (milliseconds > 0)
        poll(&wanted, 1, milliseconds > 60000 ? 60000 : (int)milliseconds); /* a signal ends it early; callers look again */
}

/* Memory to share, whose size stays; NULL: there is none. The pages are taken now, since a lack of them later is SIGBUS. */
static uint8_t *system_memory(size_t size, int *fd) {
    *fd = memfd_create("vidstyle", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (*fd < 0 && errno == EINVAL) /* before Linux 6.3 */
        *fd = memfd_create("vidstyle", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd < 0)
        return NULL;
    void *memory = MAP_FAILED;
    int failed;
    do
        failed = posix_fallocate(*fd, 0, (off_t)size);
    while (failed == EINTR);
    if (!failed && fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0)
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (memory != MAP_FAILED)
        return memory;
    close(*fd);
    return NULL;
}

static void system_forget_memory(uint8_t *memory, size_t size) {
    if (memory)
        munmap(memory, size);
}

/* The engines that this process started, one for a socket, whichever client asked. */
struct engine {
    char path[256];
    pid_t process; /* 0: it has ended */
    int64_t at;    /* 0: never */
};
static struct {
    pthread_mutex_t lock;
    struct engine engine[ENGINES];
} started = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool may_start(const struct engine *engine, int64_t now) {
    return !engine->process && (!engine->at || now - engine->at >= START_PAUSE);
}

static void system_reap(void) {
    for (int k = 0; k < ENGINES; k++)
        if (started.engine[k].process > 0 && waitpid(started.engine[k].process, NULL, WNOHANG) != 0)
            started.engine[k].process = 0;
}

/* Start `command serve-frames` on a socket, in a session of its own, with none of the host's descriptors and signal settings. */
static pid_t system_spawn(const char *command, const char *socket_path) {
    char *arguments[] = {(char *)(uintptr_t)command, "serve-frames", "--socket", (char *)(uintptr_t)socket_path,
                         "--idle-exit", "60", NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    pid_t process = 0;
    extern char **environ;
    if (posix_spawn_file_actions_init(&files) != 0)
        return 0;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return 0;
    }
    for (int i = 0; i < 3; i++)
        posix_spawn_file_actions_addopen(&files, i, "/dev/null", O_RDWR, 0);
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 34)
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
#endif
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (posix_spawnp(&process, command, &files, &attributes, arguments, environ) != 0)
        process = 0;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return process;
}

static enum engine_start system_start(const char *command, const char *socket_path) {
    int64_t now = system_now();
    struct engine *engine = NULL;
    pthread_mutex_lock(&started.lock);
    system_reap();
    for (struct engine *e = started.engine; e < started.engine + ENGINES; e++) {
        bool mine = !strcmp(e->path, socket_path);
        if (mine || (!engine && may_start(e, now)))
            engine = e;
        if (mine)
            break;
    }
    if (engine && may_start(engine, now)) {
        snprintf(engine->path, sizeof engine->path, "%s", socket_path);
        engine->at = now;
        engine->process = system_spawn(command, socket_path);
    }
    enum engine_start result = engine && engine->process > 0 ? START_COMING : START_FAILED;
    pthread_mutex_unlock(&started.lock);
    return result;
}

/* ---- The client ---------------------------------------------------------------------------------------------------------- */
#define SLOTS 3u           /* two with the engine, one with the last painting */
#define ANSWERS 16u        /* outstanding questions, at most */
#define NOTES 20           /* of one connection, at most; more are not told */
#define SIDE_MAX 16384u    /* of a picture */
#define LAST_MAX 2000      /* milliseconds that a painting may stand in for later frames */
#define PAUSE_MIN 250      /* between two attempts to connect */
#define PAUSE_MAX 5000
#define HURRY_LOOK 50      /* milliseconds after which a wait looks whether the host is in a hurry */
#define IN_TIME_AGAIN 50   /* frames in time until "late" is over */
#define TEXT 512           /* of a line that is told */
#define NOWHERE 255u       /* the slot of an answer whose memory is gone */

enum key { STYLE, STRENGTH, TEMPORAL, KEEP_COLOR, KEYS };
static const char *const key_names[KEYS] = {"style", "strength", "temporal", "keep-color"};

enum state { FRESH, NO_STYLE, AWAY, STARTING, REFUSED, UNPAINTED, PAINTING, LATE };

struct answer {
    uint16_t type;
    uint8_t slot;
    bool stale; /* of before a seek */
    uint64_t number;
};

enum slot { FREE, WITH_ENGINE, PAINTING_HERE };

struct vs_client {
    vs_log_fn log;
    void *user;
    char host[40];

    pthread_mutex_t lock; /* of this block, which any thread may touch; held for moments */
    char value[KEYS][3072];
    bool given[KEYS], changed[KEYS];
    char socket_path[256], start[1024];
    bool moved; /* the socket changed */
    bool seek, hurry;
    char status[TEXT];

    int fd; /* -1: not connected */
    long process; /* whose connection it is */
    int64_t next_try;
    int pause;
    bool late; /* waiting was in vain; until an answer comes there is none */
    enum state state;
    int in_time; /* frames since the last late one */
    int notes;
    char model[64], note[TEXT], told[TEXT];
    uint8_t incoming[sizeof(struct vs_header) + VS_TEXT_MAX];
    size_t came;
    struct answer answers[ANSWERS]; /* a ring: answers come in the order of the questions */
    unsigned first, count;

    uint8_t *memory;
    size_t slot_size;
    struct vs_picture shape; /* of the frames in memory */
    enum slot slots[SLOTS];
    int last; /* the slot of the newest painting, or -1 */
    uint64_t last_number, finished;
    int64_t last_at;
    bool fetched;
    bool any_finished;

    bool begun, reset; /* a frame came before; the next one that is handed in does not follow it */
    uint64_t host_number, next_number, handed_in;
    uint64_t numbers[SLOTS]; /* the host's */
};

/* ---- Parameters ---------------------------------------------------------------------------------------------------------- */

/* Is the text, from `from` on, ":0.7"? */
static bool is_weight(const char *from) {
    return *from == ':' && from[1] && strspn(from + 1, "0123456789.") == strlen(from + 1);
}

/* The engine has another working folder: make the relative paths of a style absolute. A name has neither slash nor dot. */
static bool whole_style(const char *given, char *style, size_t size) {
    char part[3072], here[1024];
    size_t used = 0;
    for (const char *at = given;; at++) {
        size_t length = strcspn(at, "\t");
        if (length >= sizeof part)
            return false;
        memcpy(part, at, length);
        part[length] = 0;
        const char *weight = strrchr(part, ':');
        size_t name = weight && is_weight(weight) ? (size_t)(weight - part) : length;
        bool relative = part[0] != '/' && (memchr(part, '/', name) || memchr(part, '.', name));
        if (relative && !getcwd(here, sizeof here))
            return false;
        int wrote = snprintf(style + used, size - used, "%s%s%s%s", used ? "\t" : "", relative ? here : "", relative ? "/" : "", part);
        if (wrote < 0 || (size_t)wrote >= size - used)
            return false;
        used += (size_t)wrote;
        at += length;
        if (!*at)
            return true;
    }
}

bool vs_set(vs_client *client, const char *key, const char *value) {
    char whole[sizeof client->value[0]];
    bool known = true;
    if (!value)
        value = "";
    if (strpbrk(value, "\r\n"))
        return false;
    pthread_mutex_lock(&client->lock);
    if (!strcmp(key, "socket") && strlen(value) < sizeof client->socket_path) {
        client->moved = client->moved || strcmp(client->socket_path, value) != 0;
        snprintf(client->socket_path, sizeof client->socket_path, "%s", value);
    } else if (!strcmp(key, "start") && strlen(value) < sizeof client->start) {
        snprintf(client->start, sizeof client->start, "%s", strcmp(value, "0") ? value : "");
    } else {
        unsigned k = 0;
        while (k < KEYS && strcmp(key, key_names[k]) != 0)
            k++;
        known = k < KEYS && (k == STYLE ? whole_style(value, whole, sizeof whole) : strlen(value) < 64);
        if (k != STYLE && known)
            snprintf(whole, sizeof whole, "%s", value);
        if (known && (!client->given[k] || strcmp(client->value[k], whole) != 0)) {
            memcpy(client->value[k], whole, strlen(whole) + 1);
            client->given[k] = client->changed[k] = true;
        }
    }
    pthread_mutex_unlock(&client->lock);
    return known;
}

bool vs_set_number(vs_client *client, const char *key, double value) {
    char text[32];
    if (!(value >= -1e6 && value <= 1e6)) /* not a number is neither */
        return false;
    long long parts = (long long)(value * 10000 + (value < 0 ? -0.5 : 0.5));
    long long whole = parts < 0 ? -parts : parts;
    snprintf(text, sizeof text, "%s%lld.%04lld", parts < 0 ? "-" : "", whole / 10000, whole % 10000);
    return vs_set(client, key, text);
}

/* ---- What is told -------------------------------------------------------------------------------------------------------- */

/* Bytes of the letter at the start of a text that is UTF-8 (RFC 3629); 0 where none is. */
static size_t letter(const uint8_t *text, size_t left) {
    uint8_t first = text[0], low = 0x80, high = 0xBF;
    size_t size = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (size > left)
        return 0;
    if (first == 0xE0)
        low = 0xA0;
    else if (first == 0xED)
        high = 0x9F;
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F;
    for (size_t k = 1; k < size; k++, low = 0x80, high = 0xBF)
        if (text[k] < low || text[k] > high)
            return 0;
    return size;
}

/* Text from the engine, made fit for one line of a log or a label: hosts take it for UTF-8, and terminals obey controls. */
static void clean(char *line, size_t room, const uint8_t *text, size_t length) {
    size_t used = 0;
    for (size_t at = 0, size; at < length; at += size) {
        size = letter(text + at, length - at);
        bool control = size == 1 ? text[at] < 32 || text[at] == 127 : size == 2 && text[at] == 0xC2 && text[at + 1] < 0xA0;
        if (used + (size && !control ? size : 1) >= room)
            break;
        if (size && !control)
            memcpy(line + used, text + at, size);
        else
            line[used] = control ? ' ' : '?';
        used += size && !control ? size : 1;
        size += !size;
    }
    line[used] = 0;
}

__attribute__((format(printf, 4, 5))) static void enter(vs_client *client, enum state state, enum vs_level level,
                                                        const char *format, ...) {
    char line[TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    /* What an absence is put down to may vary from attempt to attempt; it is told once. */
    if (state == client->state && (state == AWAY || state == LATE || !strcmp(line, client->told)))
        return;
    client->state = state;
    snprintf(client->told, sizeof client->told, "%s", line);
    pthread_mutex_lock(&client->lock);
    memcpy(client->status, line, sizeof line);
    pthread_mutex_unlock(&client->lock);
    if (client->log && strcmp(line, client->note) != 0) /* a note was told when it came */
        client->log(client->user, level, line);
}

void vs_status(vs_client *client, char *line, size_t size) {
    pthread_mutex_lock(&client->lock);
    snprintf(line, size, "%s", client->status);
    pthread_mutex_unlock(&client->lock);
}

/* ---- The connection ------------------------------------------------------------------------------------------------------ */

static void back_off(vs_client *client) {
    client->pause = client->pause ? client->pause * 2 : PAUSE_MIN;
    if (client->pause > PAUSE_MAX)
        client->pause = PAUSE_MAX;
    client->next_try = system_now() + client->pause;
}

static void disconnect(vs_client *client) {
    if (client->fd >= 0)
        close(client->fd);
    system_forget_memory(client->memory, SLOTS * client->slot_size);
    client->fd = -1;
    client->memory = NULL;
    client->last = -1;
    client->first = client->count = 0;
    client->came = 0;
    back_off(client);
}

static bool lose(vs_client *client, const char *why) {
    disconnect(client);
    enter(client, AWAY, VS_WARNING, "%s: frames stay as they are", why);
    return false;
}

static bool send_message(vs_client *client, uint16_t type, uint8_t slot, uint8_t flags, uint64_t number, const void *body,
                         size_t size, int passed) {
    uint8_t bytes[sizeof(struct vs_header) + VS_TEXT_MAX];
    struct vs_header header = {
        .size = (uint32_t)(sizeof header + size), .type = type, .slot = slot, .flags = flags, .number = number};
    memcpy(bytes, &header, sizeof header);
    if (size)
        memcpy(bytes + sizeof header, body, size);
    return system_send(client->fd, bytes, header.size, passed) || lose(client, "the engine takes no more messages");
}

static void expect(vs_client *client, uint16_t type, uint8_t slot, uint64_t number) {
    struct answer *answer = &client->answers[(client->first + client->count++) % ANSWERS];
    *answer = (struct answer){.type = type, .slot = slot, .number = number};
}

/* Send the parameters that changed. */
static bool send_settings(vs_client *client) {
    char text[VS_TEXT_MAX];
    size_t used = 0;
    pthread_mutex_lock(&client->lock);
    for (unsigned k = 0; k < KEYS; k++) {
        if (!client->changed[k])
            continue;
        /* vs_set bounds the values such that all of them fit. */
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s=%s", used ? "\n" : "", key_names[k], client->value[k]);
        client->changed[k] = false;
    }
    pthread_mutex_unlock(&client->lock);
    return !used || send_message(client, VS_SET, 0, 0, 0, text, used, -1);
}

/* Try to be connected: now, or not yet. */
static bool connected(vs_client *client) {
    char path[sizeof client->socket_path], start[sizeof client->start];
    if (client->fd >= 0)
        return true;
    if (system_now() < client->next_try)
        return false;
    pthread_mutex_lock(&client->lock);
    memcpy(path, client->socket_path, sizeof path);
    memcpy(start, client->start, sizeof start);
    for (unsigned k = 0; k < KEYS; k++)
        client->changed[k] = client->given[k];
    pthread_mutex_unlock(&client->lock);
    if (!*path)
        system_default_socket(path, sizeof path);

    int fd = system_connect(path);
    if (fd < 0) {
        back_off(client);
        const char *command = strcmp(start, "1") ? start : "vidstyle";
        if (fd == CONNECT_PATH)
            enter(client, AWAY, VS_WARNING, "the engine's socket has too long a path: frames stay as they are");
        else if (fd == CONNECT_FOREIGN)
            enter(client, AWAY, VS_WARNING, "the engine at %s belongs to another user: frames stay as they are", path);
        else if (!*start)
            enter(client, AWAY, VS_WARNING, "no engine at %s: frames stay as they are (vidstyle serve-frames starts one)", path);
        else if (system_start(command, path) == START_FAILED)
            enter(client, AWAY, VS_WARNING, "no engine, and '%s serve-frames' ends at once: frames stay as they are", command);
        else {
            client->pause = 0;
            client->next_try = system_now() + 50;
            enter(client, STARTING, VS_INFO, "the engine is starting: frames stay as they are");
        }
        return false;
    }
    client->fd = fd;
    client->process = system_process();
    client->notes = 0;
    client->note[0] = client->model[0] = 0;
    client->any_finished = client->late = false;
    struct vs_hello hello = {.magic = VS_MAGIC, .major = VS_VERSION_MAJOR, .minor = VS_VERSION_MINOR};
    memcpy(hello.host, client->host, sizeof hello.host);
    expect(client, VS_WELCOME, NOWHERE, 0);
    return send_message(client, VS_HELLO, 0, 0, 0, &hello, sizeof hello, -1);
}

/* ---- The frames' memory -------------------------------------------------------------------------------------------------- */

static unsigned plane_count(const struct vs_picture *p) {
    return p->format == VS_I420 ? 3 : p->format == VS_NV12 ? 2 : 1;
}

/* Bytes and rows of plane k, without padding. */
static size_t row_size(const struct vs_picture *p, unsigned k) {
    size_t half = (p->width + 1u) / 2u;
    return p->format == VS_RGBA || p->format == VS_BGRA ? 4u * (size_t)p->width : k == 0 ? p->width : p->format == VS_NV12 ? 2 * half : half;
}

static size_t row_count(const struct vs_picture *p, unsigned k) {
    return k == 0 ? p->height : (p->height + 1u) / 2u;
}

static bool known_format(const struct vs_picture *p) {
    return p->format >= VS_RGBA && p->format <= VS_NV12;
}

static bool valid(const struct vs_picture *p) {
    return known_format(p) && p->width && p->height && p->width <= SIDE_MAX && p->height <= SIDE_MAX;
}

static bool same_shape(const struct vs_picture *a, const struct vs_picture *b) {
    return a->width == b->width && a->height == b->height && a->format == b->format && a->matrix == b->matrix && a->range == b->range;
}

static void copy_rows(uint8_t *to, ptrdiff_t to_stride, const uint8_t *from, ptrdiff_t from_stride, size_t size, size_t rows) {
    if (to_stride == from_stride && to_stride == (ptrdiff_t)size) {
        memcpy(to, from, size * rows);
        return;
    }
    for (size_t y = 0; y < rows; y++, to += to_stride, from += from_stride)
        memcpy(to, from, size);
}

static void pack(uint8_t *slot, const struct vs_picture *p) {
    for (unsigned k = 0; k < plane_count(p); k++) {
        size_t size = row_size(p, k), rows = row_count(p, k);
        copy_rows(slot, (ptrdiff_t)size, p->plane[k], p->stride[k], size, rows);
        slot += size * rows;
    }
}

static void unpack(const struct vs_picture *p, const uint8_t *slot) {
    for (unsigned k = 0; k < plane_count(p); k++) {
        size_t size = row_size(p, k), rows = row_count(p, k);
        copy_rows(p->plane[k], p->stride[k], slot, (ptrdiff_t)size, size, rows);
        slot += size * rows;
    }
}

static void copy_picture(const struct vs_picture *to, const struct vs_picture *from) {
    for (unsigned k = 0; k < plane_count(from); k++)
        if (to->plane[k] != from->plane[k])
            copy_rows(to->plane[k], to->stride[k], from->plane[k], from->stride[k], row_size(from, k), row_count(from, k));
}

/* Answers that are still to come are of frames that are gone: their memory is (`gone`), or there was a seek. */
static void disown(vs_client *client, bool gone) {
    for (unsigned i = 0; i < client->count; i++) {
        struct answer *answer = &client->answers[(client->first + i) % ANSWERS];
        answer->stale = true;
        if (gone)
            answer->slot = NOWHERE;
    }
    if (client->last >= 0)
        client->slots[client->last] = FREE;
    client->last = -1;
}

/* Have memory for frames like `frame`. */
static bool opened(vs_client *client, const struct vs_picture *frame) {
    if (client->memory && same_shape(frame, &client->shape))
        return true;
    if (client->count + 2 > ANSWERS)
        return false;
    disown(client, true);
    system_forget_memory(client->memory, SLOTS * client->slot_size);
    size_t size = 0;
    for (unsigned k = 0; k < plane_count(frame); k++)
        size += row_size(frame, k) * row_count(frame, k);
    client->slot_size = (size + 63) / 64 * 64;
    int fd = -1;
    client->memory = system_memory(SLOTS * client->slot_size, &fd);
    if (!client->memory)
        return lose(client, "there is no memory for frames");
    client->shape = *frame;
    for (unsigned k = 0; k < SLOTS; k++)
        client->slots[k] = FREE;
    struct vs_open open = {.width = frame->width,
                           .height = frame->height,
                           .format = frame->format,
                           .matrix = frame->matrix,
                           .range = frame->range,
                           .slots = SLOTS,
                           .slot_size = (uint32_t)client->slot_size};
    expect(client, VS_OPENED, NOWHERE, 0);
    bool sent = send_message(client, VS_OPEN, 0, 0, 0, &open, sizeof open, fd);
    close(fd);
    return sent;
}

/* ---- Answers ------------------------------------------------------------------------------------------------------------- */

static void finish(vs_client *client, const struct answer *answer, bool painted) {
    client->any_finished = true;
    client->finished = answer->number;
    client->late = false;
    client->pause = 0;
    if (answer->slot == NOWHERE)
        return;
    client->slots[answer->slot] = FREE;
    if (answer->stale)
        return;
    if (client->last >= 0)
        client->slots[client->last] = FREE;
    client->last = painted ? answer->slot : -1;
    if (painted) {
        client->slots[answer->slot] = PAINTING_HERE;
        client->last_number = answer->number;
        client->last_at = system_now();
        client->fetched = false;
    } else {
        enter(client, UNPAINTED, client->note[0] ? VS_WARNING : VS_INFO, "%s",
              client->note[0] ? client->note : "the engine leaves frames as they are"); /* at strength 0, for instance */
    }
}

/* One message of the engine; false if the connection has ended. */
static bool take(vs_client *client, const struct vs_header *header, const uint8_t *body, size_t size) {
    if (header->type == VS_NOTE) {
        char note[TEXT];
        clean(note, sizeof note, body, size);
        if (strcmp(note, client->note) != 0 && client->notes < NOTES) {
            client->notes++;
            if (client->log)
                client->log(client->user, VS_WARNING, note);
        }
        memcpy(client->note, note, sizeof note);
        return true;
    }
    if (header->type == VS_REFUSED) {
        char line[TEXT - 64];
        clean(line, sizeof line, body, size);
        client->pause = PAUSE_MAX;
        disconnect(client);
        enter(client, REFUSED, VS_WARNING, "the engine refuses: %s", line);
        return false;
    }
    /* Everything else answers the first question that is open. */
    struct answer answer = client->answers[client->first];
    if (!client->count || header->type != answer.type)
        return lose(client, "the engine does not keep to the protocol");
    client->first = (client->first + 1) % ANSWERS;
    client->count--;
    if (header->type == VS_WELCOME) {
        struct vs_welcome welcome;
        if (size != sizeof welcome)
            return lose(client, "the engine does not keep to the protocol");
        memcpy(&welcome, body, sizeof welcome);
        if (welcome.magic != VS_MAGIC || welcome.major != VS_VERSION_MAJOR) {
            client->pause = PAUSE_MAX;
            return lose(client, "the engine is of another version");
        }
        clean(client->model, sizeof client->model, (const uint8_t *)welcome.model, strnlen(welcome.model, sizeof welcome.model));
    } else if (header->type == VS_DONE) {
        uint8_t slot = answer.slot == NOWHERE ? header->slot : answer.slot;
        if (size || header->number != answer.number || header->slot != slot)
            return lose(client, "the engine does not keep to the protocol");
        finish(client, &answer, header->flags & VS_DONE_PAINTED);
    }
    return true;
}

/* Take what has come, without waiting; false if the connection has ended. */
static bool pump(vs_client *client) {
    for (int reads = 0; client->fd >= 0 && reads < 64; reads++) { /* more than that is left for later: nobody shall keep us here */
        int got = system_receive(client->fd, client->incoming + client->came, sizeof client->incoming - client->came);
        if (got == AGAIN)
            return true;
        if (got == ENDED)
            return lose(client, "the engine has gone");
        client->came += (size_t)got;
        size_t at = 0;
        struct vs_header header;
        while (client->came - at >= sizeof header) {
            memcpy(&header, client->incoming + at, sizeof header);
            if (header.size < sizeof header || header.size > sizeof client->incoming)
                return lose(client, "the engine does not keep to the protocol");
            if (client->came - at < header.size)
                break;
            if (!take(client, &header, client->incoming + at + sizeof header, header.size - sizeof header))
                return false;
            at += header.size;
        }
        client->came -= at;
        memmove(client->incoming, client->incoming + at, client->came);
    }
    return client->fd >= 0;
}

/* ---- Frames -------------------------------------------------------------------------------------------------------------- */

/* End the connection and have another one at once. */
static void begin_anew(vs_client *client) {
    disconnect(client);
    client->pause = 0;
    client->next_try = 0;
    client->state = FRESH;
}

/* A forked host has its parent's connection, which is its parent's: both would take each other's answers. */
static void leave_to_parent(vs_client *client) {
    if (client->fd >= 0 && client->process != system_process())
        begin_anew(client);
}

/* What other threads asked for, and whether the frame follows the one before. False: there is no style, so nothing to do. */
static bool begin(vs_client *client, uint64_t number) {
    bool moved, seek, style;
    pthread_mutex_lock(&client->lock);
    moved = client->moved;
    seek = client->seek;
    style = client->value[STYLE][0] != 0;
    client->moved = client->seek = false;
    pthread_mutex_unlock(&client->lock);
    leave_to_parent(client);
    if (moved)
        begin_anew(client);
    if (seek || !client->begun || number != client->host_number + 1) {
        client->reset = true;
        disown(client, false);
    }
    client->begun = true;
    client->host_number = number;
    if (!style) {
        client->reset = true;
        enter(client, NO_STYLE, VS_INFO, "no style is set: frames stay as they are");
    }
    return style;
}

static bool hurried(vs_client *client) {
    pthread_mutex_lock(&client->lock);
    bool hurry = client->hurry;
    pthread_mutex_unlock(&client->lock);
    return hurry;
}

/* Wait for a message, but not past `until`; callers look again. */
static void wait_until(int fd, int64_t until) {
    int64_t left = until - system_now();
    system_wait(fd, left < HURRY_LOOK ? left : HURRY_LOOK);
}

static int free_slot(const vs_client *client) {
    int with_engine = 0, found = -1;
    for (int k = (int)SLOTS - 1; k >= 0; k--) {
        with_engine += client->slots[k] == WITH_ENGINE;
        if (client->slots[k] == FREE)
            found = k;
    }
    return with_engine < (int)SLOTS - 1 && client->count < ANSWERS ? found : -1;
}

/* Give a frame to the engine; false if that cannot be done by `until`. */
static bool hand_in(vs_client *client, const struct vs_picture *frame, int64_t until) {
    while (!connected(client)) {
        if (client->state != STARTING || client->late || hurried(client))
            return false;
        if (client->next_try >= until) {
            client->late = true;
            return false;
        }
        wait_until(-1, client->next_try);
    }
    if (!pump(client) || !opened(client, frame))
        return false;
    while (free_slot(client) < 0) {
        if (client->late || hurried(client) || system_now() >= until)
            return false;
        wait_until(client->fd, until);
        if (!pump(client))
            return false;
    }
    int slot = free_slot(client);
    if (!send_settings(client))
        return false;
    pack(client->memory + (size_t)slot * client->slot_size, frame);
    /* Frames that could not be handed in are no seek, so the engine gets numbers without holes. */
    client->handed_in = client->next_number++;
    client->numbers[slot] = client->host_number;
    client->slots[slot] = WITH_ENGINE;
    expect(client, VS_DONE, (uint8_t)slot, client->handed_in);
    uint8_t flags = client->reset ? VS_FRAME_RESET : 0;
    client->reset = false;
    return send_message(client, VS_FRAME, (uint8_t)slot, flags, client->handed_in, NULL, 0, -1);
}

static bool is_finished(const vs_client *client, uint64_t number) {
    return client->any_finished && client->finished >= number;
}

static bool last_is_good(const vs_client *client, const struct vs_picture *picture) {
    return client->last >= 0 && same_shape(picture, &client->shape) && system_now() - client->last_at < LAST_MAX;
}

static void tell_painting(vs_client *client, bool in_time) {
    if (!in_time) {
        client->in_time = 0;
        enter(client, LATE, VS_WARNING, "the engine is late: some frames show the last painting or stay as they are");
    } else if (client->state != LATE || ++client->in_time >= IN_TIME_AGAIN) {
        enter(client, PAINTING, VS_INFO, "painted by %s", client->model[0] ? client->model : "the engine");
    }
}

/* ---- The interface ------------------------------------------------------------------------------------------------------- */

vs_client *vs_create(const char *host, vs_log_fn log, void *user) {
    vs_client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    pthread_mutex_init(&client->lock, NULL);
    snprintf(client->host, sizeof client->host, "%s", host ? host : "");
    snprintf(client->status, sizeof client->status, "no frame has come yet");
    client->log = log;
    client->user = user;
    client->fd = client->last = -1;
    return client;
}

void vs_destroy(vs_client *client) {
    if (!client)
        return;
    disconnect(client);
    pthread_mutex_lock(&started.lock);
    system_reap();
    pthread_mutex_unlock(&started.lock);
    pthread_mutex_destroy(&client->lock);
    free(client);
}

void vs_reset(vs_client *client) {
    pthread_mutex_lock(&client->lock);
    client->seek = true;
    pthread_mutex_unlock(&client->lock);
}

void vs_hurry(vs_client *client, bool hurry) {
    pthread_mutex_lock(&client->lock);
    client->hurry = hurry;
    pthread_mutex_unlock(&client->lock);
}

enum vs_result vs_process(vs_client *client, const struct vs_picture *in, struct vs_picture *out, uint64_t number,
                          int deadline_ms) {
    int64_t until = system_now() + (deadline_ms > 0 ? deadline_ms : 0);
    if (!known_format(in))
        return VS_ORIGINAL;
    if (valid(in) && begin(client, number) && hand_in(client, in, until)) {
        uint64_t mine = client->handed_in;
        bool alive = pump(client);
        while (alive && !is_finished(client, mine)) {
            if (client->late || hurried(client) || system_now() >= until)
                break;
            wait_until(client->fd, until);
            alive = pump(client);
        }
        if (alive && is_finished(client, mine)) {
            if (client->last >= 0 && client->last_number == mine) {
                tell_painting(client, true);
                unpack(out, client->memory + (size_t)client->last * client->slot_size);
                return VS_PAINTED;
            }
        } else if (alive && !hurried(client)) {
            client->late = true;
            tell_painting(client, false);
        }
    }
    if (last_is_good(client, in)) {
        unpack(out, client->memory + (size_t)client->last * client->slot_size);
        return VS_LAST;
    }
    copy_picture(out, in);
    return VS_ORIGINAL;
}

bool vs_submit(vs_client *client, const struct vs_picture *in, uint64_t number) {
    return valid(in) && begin(client, number) && hand_in(client, in, 0);
}

enum vs_result vs_fetch(vs_client *client, struct vs_picture *out, uint64_t *number) {
    leave_to_parent(client);
    if (client->fd < 0 || !pump(client) || !last_is_good(client, out))
        return VS_ORIGINAL;
    enum vs_result result = client->fetched ? VS_LAST : VS_PAINTED;
    if (!out->plane[0])
        return result;
    if (!client->fetched)
        tell_painting(client, true);
    unpack(out, client->memory + (size_t)client->last * client->slot_size);
    if (number)
        *number = client->numbers[client->last];
    client->fetched = true;
    return result;
}
