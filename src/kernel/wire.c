/* wire.c: meanfield_kernel.so, the sockets, threads and pipes of a Jupyter kernel.
 *
 * A module of its own, loaded only by `meanfield kernel run`, so that nothing else links ZeroMQ. It
 * moves bytes; what they mean is decided in lua/meanfield/kernel/. Three threads:
 *   main       runs the cells, owns the sockets "shell" and "stdin";
 *   side       has a Lua state of its own, owns "control" and reads what cells print, so that an
 *              interrupt arrives and output appears while a native loop runs;
 *   heartbeat  echoes, whatever the others do.
 * "iopub" belongs to who holds the lock; so do the pipes. Threads made here block all signals:
 * SIGINT is for main, whose handler stops Lua and native loops (src/host/call.c).              */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <lauxlib.h>
#include <lualib.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <zmq.h>

#define LONGEST_PART (256 << 20) /* bytes: a longer part of a message ends its connection */
#define LONGEST_LIST 64 /* parts: a message of more, or of more bytes than that, is dropped */
#define LINGER 1000     /* ms for what is still to be sent at the end              */

int luaopen_meanfield_kernel(lua_State *L);

enum { SHELL, CONTROL, IOPUB, STDIN, HEARTBEAT, SOCKETS };
static const char *const socket_names[] = {"shell", "control", "iopub", "stdin", "heartbeat", NULL};
static const int socket_types[] = {ZMQ_ROUTER, ZMQ_ROUTER, ZMQ_PUB, ZMQ_ROUTER, ZMQ_ROUTER};

/* Read ends; WAKE is how side wakes main. */
enum { OUT, ERR, PROGRESS, WAKE, PIPES };
static const char *const pipe_names[] = {"stdout", "stderr", "progress", "wake", NULL};

enum { SHARED = 8 }; /* texts that both Lua states see */

static struct {
    void *context, *sockets[SOCKETS];
    int read[PIPES], write[PIPES];
    int output, errors;   /* stdout and stderr as they were; 0: still are */
    char carry[PIPES][4]; /* the beginning of a character whose end has not come yet */
    size_t carried[PIPES];
    pthread_t main, side, heartbeat;
    bool has_side, has_heartbeat;
    lua_State *side_state;
    pthread_mutex_t lock;
    struct {
        char name[16], *text;
        size_t n;
    } shared[SHARED];
} wire;

static int failed(lua_State *L, const char *what) {
    return luaL_error(L, "meanfield kernel: %s: %s", what, zmq_strerror(zmq_errno()));
}

/* ---- sockets ------------------------------------------------------------------------------ */

/* wire.bind(name, address) */
static int wire_bind(lua_State *L) {
    int which = luaL_checkoption(L, 1, NULL, socket_names), linger = LINGER, yes = 1, unlimited = 0;
    int64_t longest = LONGEST_PART;
    const char *address = luaL_checkstring(L, 2);
    luaL_argcheck(L, !wire.sockets[which], 1, "is bound already");
    if (!wire.context && !(wire.context = zmq_ctx_new()))
        return failed(L, "zmq_ctx_new");
    void *s = wire.sockets[which] = zmq_socket(wire.context, socket_types[which]);
    if (!s)
        return failed(L, "zmq_socket");
    zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(s, ZMQ_MAXMSGSIZE, &longest, sizeof longest);
    if (which == IOPUB)
        zmq_setsockopt(s, ZMQ_SNDHWM, &unlimited, sizeof unlimited); /* nothing is lost */
    else
        zmq_setsockopt(s, ZMQ_ROUTER_HANDOVER, &yes, sizeof yes); /* a client that came back */
    if (zmq_bind(s, address) != 0)
        return luaL_error(L, "meanfield kernel: cannot listen at %s: %s", address,
                          zmq_strerror(zmq_errno()));
    return 0;
}

static void *socket_at(lua_State *L, int arg) {
    void *s = wire.sockets[luaL_checkoption(L, arg, NULL, socket_names)];
    luaL_argcheck(L, s, arg, "is not bound");
    return s;
}

/* wire.send(name, parts): all of them or, if the peer is gone, none. "iopub" under the lock. */
static int wire_send(lua_State *L) {
    void *s = socket_at(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_Integer count = luaL_len(L, 2);
    for (lua_Integer i = 1; i <= count; ++i) {
        size_t n;
        lua_rawgeti(L, 2, i);
        const char *part = luaL_checklstring(L, -1, &n);
        int sent;
        while ((sent = zmq_send(s, part, n, i < count ? ZMQ_SNDMORE : 0)) < 0 && errno == EINTR)
            ;
        if (sent < 0)
            return failed(L, "zmq_send");
        lua_pop(L, 1);
    }
    return 0;
}

static int close_message(lua_State *L) {
    zmq_msg_close(lua_touserdata(L, 1));
    return 0;
}

/* A message that is closed whatever happens; stays on the stack. */
static zmq_msg_t *push_message(lua_State *L) {
    zmq_msg_t *m = lua_newuserdatauv(L, sizeof *m, 0);
    zmq_msg_init(m);
    if (luaL_newmetatable(L, "meanfield.kernel.message")) {
        lua_pushcfunction(L, close_message);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return m;
}

/* wire.receive(name) -> list of parts, empty for a message that is too long; nil if nothing has come */
static int wire_receive(lua_State *L) {
    void *s = socket_at(L, 1);
    zmq_msg_t *m = push_message(L);
    size_t bytes = 0;
    lua_newtable(L);
    for (lua_Integer i = 1;; ++i) {
        int n;
        while ((n = zmq_msg_recv(m, s, i == 1 ? ZMQ_DONTWAIT : 0)) < 0 && errno == EINTR)
            ;
        if (n < 0 && i == 1 && errno == EAGAIN)
            return 0;
        if (n < 0)
            return failed(L, "zmq_msg_recv");
        bool fits = i <= LONGEST_LIST && (bytes += zmq_msg_size(m)) <= LONGEST_PART;
        if (fits) {
            lua_pushlstring(L, zmq_msg_data(m), zmq_msg_size(m));
            lua_rawseti(L, -2, i);
        } else if (lua_rawlen(L, -1) > 0) {
            lua_pop(L, 1);
            lua_newtable(L);
        }
        if (!zmq_msg_more(m))
            return 1;
    }
}

static int find(const char *const *names, const char *name) {
    for (int i = 0; names[i]; ++i)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

/* wire.wait(seconds, name...) -> true for each name that has something; nothing if a signal came.
 * Names are those of sockets and pipes. nil and "over" once wire.stop has been called.         */
static int wire_wait(lua_State *L) {
    zmq_pollitem_t items[SOCKETS + PIPES] = {{0}};
    int n = lua_gettop(L) - 1;
    long ms = (long)(1000 * luaL_checknumber(L, 1));
    luaL_argcheck(L, n <= SOCKETS + PIPES, 1, "too many names");
    for (int i = 0; i < n; ++i) {
        const char *name = luaL_checkstring(L, i + 2);
        int pipe_at = find(pipe_names, name);
        items[i].events = ZMQ_POLLIN;
        if (pipe_at >= 0)
            items[i].fd = wire.read[pipe_at];
        else
            items[i].socket = socket_at(L, i + 2);
    }
    if (zmq_poll(items, n, ms) < 0) {
        if (zmq_errno() == EINTR)
            return 0;
        lua_pushnil(L);
        lua_pushliteral(L, "over");
        return 2;
    }
    for (int i = 0; i < n; ++i)
        lua_pushboolean(L, (items[i].revents & (ZMQ_POLLIN | ZMQ_POLLERR)) != 0);
    return n;
}

/* ---- output ---------------------------------------------------------------------------------- */

static void make_pipe(lua_State *L, int which) {
    int ends[2];
    if (pipe(ends) != 0)
        luaL_error(L, "meanfield kernel: pipe: %s", strerror(errno));
    wire.read[which] = ends[0];
    wire.write[which] = ends[1];
    for (int i = 0; i < 2; ++i)
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

/* wire.capture() -> descriptor that progress is written to. What this process and its children
 * write to stdout and stderr goes into pipes from here on; stdin is empty.                    */
static int wire_capture(lua_State *L) {
    for (int i = 0; i < PIPES; ++i)
        make_pipe(L, i);
    fcntl(wire.write[WAKE], F_SETFL, O_NONBLOCK);
    fflush(NULL);
    wire.output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    wire.errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(wire.write[OUT], STDOUT_FILENO) < 0 ||
        dup2(wire.write[ERR], STDERR_FILENO) < 0)
        return luaL_error(L, "meanfield kernel: dup2: %s", strerror(errno));
    close(null);
    lua_pushinteger(L, wire.write[PROGRESS]);
    return 1;
}

/* How many bytes at the end of s are the beginning of a character in UTF-8. */
static size_t unfinished(const char *s, size_t n) {
    for (size_t back = 1; back <= 3 && back <= n; ++back) {
        unsigned char c = (unsigned char)s[n - back];
        if (c < 0x80 || c > 0xF4)
            return 0;
        if (c >= 0xC2 && c <= 0xF4)
            return (c >= 0xF0 ? 4u : c >= 0xE0 ? 3u : 2u) > back ? back : 0;
    }
    return 0;
}

/* wire.drain(name, all) -> what has come through the pipe, unless `all` up to its last whole character.
 * At most 1 MB: more than a pipe holds, so nothing that was written before is left, and a child that
 * never stops writing holds nobody up. Under the lock.                                         */
static int wire_drain(lua_State *L) {
    int which = luaL_checkoption(L, 1, NULL, pipe_names);
    enum { MOST = 1 << 20 };
    luaL_Buffer text;
    char *at = luaL_buffinitsize(L, &text, MOST + sizeof wire.carry[0]);
    size_t n = wire.carried[which];
    memcpy(at, wire.carry[which], n);
    ssize_t got = 0;
    while (n < MOST && (got = read(wire.read[which], at + n, MOST - n)) > 0)
        n += (size_t)got;
    size_t rest = lua_toboolean(L, 2) ? 0 : unfinished(at, n);
    memcpy(wire.carry[which], at + n - rest, rest);
    wire.carried[which] = rest;
    luaL_pushresultsize(&text, n - rest);
    return 1;
}

/* wire.wake(): main's wait returns */
static int wire_wake(lua_State *L) {
    (void)L;
    if (write(wire.write[WAKE], "!", 1) < 0)
        return 0; /* full: main is awake */
    return 0;
}

/* ---- two Lua states ----------------------------------------------------------------------------- */

/* wire.locked(f, ...) -> what f returns; iopub and the pipes are the caller's meanwhile. */
static int wire_locked(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    pthread_mutex_lock(&wire.lock);
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    pthread_mutex_unlock(&wire.lock);
    return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

/* wire.share(name, text): both states can read it; nil takes it away. Under the lock. */
static int wire_share(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    size_t n = 0;
    const char *text = luaL_optlstring(L, 2, NULL, &n);
    int slot = 0;
    while (slot < SHARED && wire.shared[slot].name[0] && strcmp(wire.shared[slot].name, name) != 0)
        ++slot;
    luaL_argcheck(L, slot < SHARED && strlen(name) < sizeof wire.shared[0].name, 1, "no room");
    char *copy = text ? malloc(n + 1) : NULL;
    if (text && !copy)
        return luaL_error(L, "not enough memory");
    if (copy)
        memcpy(copy, text, n);
    free(wire.shared[slot].text);
    strcpy(wire.shared[slot].name, name);
    wire.shared[slot].text = copy;
    wire.shared[slot].n = n;
    return 0;
}

/* wire.shared(name) -> text or nil. Under the lock. */
static int wire_shared(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    for (int i = 0; i < SHARED; ++i)
        if (wire.shared[i].text && strcmp(wire.shared[i].name, name) == 0) {
            lua_pushlstring(L, wire.shared[i].text, wire.shared[i].n);
            return 1;
        }
    return 0;
}

/* Starts a thread to which no signal is delivered. */
static bool start(pthread_t *thread, void *(*body)(void *)) {
    sigset_t all, former;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    int status = pthread_create(thread, NULL, body, NULL);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    return status == 0;
}

static void *run_side(void *unused) {
    lua_State *L = wire.side_state;
    (void)unused;
    if (lua_pcall(L, 0, 0, 0) != LUA_OK && lua_type(L, -1) == LUA_TSTRING) {
        /* to who started the kernel, if it still reads */
        const char *message = lua_tostring(L, -1);
        if (write(wire.errors, message, strlen(message)) > 0)
            lua_settop(L, 0);
    }
    return NULL;
}

/* wire.side(file, package.path): runs the file in a thread with a Lua state of its own. */
static int wire_side(lua_State *L) {
    const char *file = luaL_checkstring(L, 1), *path = luaL_checkstring(L, 2);
    luaL_argcheck(L, !wire.side_state, 1, "runs already");
    lua_State *S = wire.side_state = luaL_newstate();
    if (!S)
        return luaL_error(L, "not enough memory");
    luaL_openlibs(S);
    luaL_requiref(S, "meanfield.kernel.wire", luaopen_meanfield_kernel, 0);
    lua_getglobal(S, "package");
    lua_pushstring(S, path);
    lua_setfield(S, -2, "path");
    lua_settop(S, 0);
    if (luaL_loadfile(S, file) != LUA_OK)
        return luaL_error(L, "%s", lua_tostring(S, -1));
    wire.has_side = start(&wire.side, run_side);
    return wire.has_side ? 0 : luaL_error(L, "meanfield kernel: no thread can be started");
}

static void *echo(void *unused) {
    (void)unused;
    zmq_proxy(wire.sockets[HEARTBEAT], wire.sockets[HEARTBEAT], NULL); /* until wire.stop */
    return NULL;
}

/* wire.heartbeat(): the thread that echoes what comes to the socket of that name */
static int wire_heartbeat(lua_State *L) {
    lua_pushliteral(L, "heartbeat");
    socket_at(L, lua_gettop(L));
    wire.has_heartbeat = start(&wire.heartbeat, echo);
    return wire.has_heartbeat ? 0 : luaL_error(L, "meanfield kernel: no thread can be started");
}

/* wire.interrupt(): SIGINT for main, and for its children if they are a group of their own */
static int wire_interrupt(lua_State *L) {
    (void)L;
    if (getpgrp() == getpid())
        kill(0, SIGINT);
    else
        pthread_kill(wire.main, SIGINT);
    return 0;
}

/* wire.stop(): ends the threads, closes everything */
static int wire_stop(lua_State *L) {
    (void)L;
    if (wire.context)
        zmq_ctx_shutdown(wire.context);
    if (wire.has_heartbeat)
        pthread_join(wire.heartbeat, NULL);
    if (wire.has_side)
        pthread_join(wire.side, NULL);
    if (wire.side_state)
        lua_close(wire.side_state);
    for (int i = 0; i < SOCKETS; ++i)
        if (wire.sockets[i])
            zmq_close(wire.sockets[i]);
    while (wire.context && zmq_ctx_term(wire.context) != 0 && zmq_errno() == EINTR)
        ;
    for (int i = 0; i < SHARED; ++i)
        free(wire.shared[i].text);
    fflush(NULL);
    if (wire.output > 0)
        dup2(wire.output, STDOUT_FILENO);
    if (wire.errors > 0) /* what is wrong from here on is for who started the kernel */
        dup2(wire.errors, STDERR_FILENO);
    return 0;
}

/* ---- bytes ------------------------------------------------------------------------------------------ */

/* wire.sign(key, part...) -> HMAC-SHA256 of the parts, one after the other, in hexadecimal */
static int wire_sign(lua_State *L) {
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    char hex[2 * sizeof mac + 1];
    crypto_auth_hmacsha256_state state;
    size_t n;
    const char *key = luaL_checklstring(L, 1, &n);
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)key, n);
    for (int i = 2; i <= lua_gettop(L); ++i) {
        const char *part = luaL_checklstring(L, i, &n);
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)part, n);
    }
    crypto_auth_hmacsha256_final(&state, mac);
    lua_pushstring(L, sodium_bin2hex(hex, sizeof hex, mac, sizeof mac));
    return 1;
}

/* wire.same(a, b): compares in a time that does not tell where they differ */
static int wire_same(lua_State *L) {
    size_t n, m;
    const char *a = luaL_checklstring(L, 1, &n), *b = luaL_checklstring(L, 2, &m);
    lua_pushboolean(L, n == m && sodium_memcmp(a, b, n) == 0);
    return 1;
}

static int wire_base64(lua_State *L) {
    size_t n;
    const char *data = luaL_checklstring(L, 1, &n);
    size_t size = sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL);
    luaL_Buffer text;
    char *at = luaL_buffinitsize(L, &text, size);
    sodium_bin2base64(at, size, (const unsigned char *)data, n, sodium_base64_VARIANT_ORIGINAL);
    luaL_pushresultsize(&text, size - 1);
    return 1;
}

/* wire.uuid() -> 32 random hexadecimal digits */
static int wire_uuid(lua_State *L) {
    unsigned char bytes[16];
    char hex[2 * sizeof bytes + 1];
    randombytes_buf(bytes, sizeof bytes);
    lua_pushstring(L, sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes));
    return 1;
}

static int push_paths(lua_State *L) {
    const glob_t *found = lua_touserdata(L, 1);
    lua_newtable(L);
    for (size_t i = 0; i < found->gl_pathc; ++i) {
        lua_pushstring(L, found->gl_pathv[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* wire.files(pattern) -> the paths that match, folders with a / at the end, in order */
static int wire_files(lua_State *L) {
    glob_t found;
    lua_pushcfunction(L, push_paths);
    if (glob(luaL_checkstring(L, 1), GLOB_MARK | GLOB_TILDE, NULL, &found) != 0) {
        lua_newtable(L);
        return 1;
    }
    lua_pushlightuserdata(L, &found);
    int status = lua_pcall(L, 1, 1, 0);
    globfree(&found);
    return status == LUA_OK ? 1 : lua_error(L);
}

static int wire_parent(lua_State *L) {
    lua_pushinteger(L, getppid());
    return 1;
}

static const luaL_Reg functions[] = {
        {"bind", wire_bind},     {"send", wire_send},           {"receive", wire_receive},
        {"wait", wire_wait},     {"capture", wire_capture},     {"drain", wire_drain},
        {"wake", wire_wake},     {"locked", wire_locked},       {"share", wire_share},
        {"shared", wire_shared}, {"side", wire_side},           {"heartbeat", wire_heartbeat},
        {"stop", wire_stop},     {"sign", wire_sign},           {"same", wire_same},
        {"base64", wire_base64}, {"uuid", wire_uuid},           {"files", wire_files},
        {"parent", wire_parent}, {"interrupt", wire_interrupt}, {NULL, NULL}};

__attribute__((visibility("default"))) int luaopen_meanfield_kernel(lua_State *L) {
    static bool opened;
    if (!opened) {
        if (sodium_init() < 0)
            return luaL_error(L, "meanfield kernel: libsodium cannot be initialised");
        pthread_mutex_init(&wire.lock, NULL);
        wire.main = pthread_self();
        opened = true;
    }
    luaL_newlib(L, functions);
    return 1;
}
