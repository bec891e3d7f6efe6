/* terminal.c: mf.process.terminal, what the terminal in front of us can show.
 *
 * It is asked for its primary attributes (DA1, ESC [ c): every terminal since the VT100 answers, and
 * those that draw sixels name attribute 4. Asked only where the answer cannot become garbage: on our
 * own terminal, in the foreground, with nothing typed ahead, without echo; once in a process. */
#include "lua/bind/bind.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE                                                                                   \
    1000 /* ms for an answer, over a slow line too; only a terminal that has none waits it out */
#define CELL_WIDTH 8 /* pixels, where the terminal does not say: small, so that figures fit */
#define CELL_HEIGHT 16

static int elapsed(const struct timespec *since) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int)((now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000);
}

/* Reads "ESC [ ? 62 ; 4 ; ... c"; false if it does not come in time. */
static bool read_answer(int tty, char *answer, size_t size) {
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (size_t n = 0; n + 1 < size;) {
        struct pollfd ready = {.fd = tty, .events = POLLIN};
        int left = PATIENCE - elapsed(&start);
        if (left <= 0 || poll(&ready, 1, left) <= 0 || read(tty, answer + n, 1) != 1)
            return false;
        answer[++n] = '\0';
        if (answer[n - 1] == 'c' && strstr(answer, "\033[?"))
            return true;
    }
    return false;
}

/* Does the list of attributes hold 4? */
static bool names_sixel(const char *answer) {
    const char *at = strstr(answer, "\033[?");
    for (at = at ? at + 3 : ""; *at && *at != 'c';) {
        char *end;
        if (strtol(at, &end, 10) == 4)
            return true;
        at = *end == ';' ? end + 1 : "";
    }
    return false;
}

static bool ask(int tty) {
    static const char question[] = "\033[c";
    struct termios former, quiet;
    char answer[128] = "";
    int waiting = 0;
    if (tcgetpgrp(tty) != getpgrp() || tcgetattr(tty, &former) != 0)
        return false;
    quiet = former;
    quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    if (tcsetattr(tty, TCSADRAIN, &quiet) != 0)
        return false;
    bool answered = ioctl(tty, FIONREAD, &waiting) == 0 && waiting == 0 &&
                    write(tty, question, strlen(question)) > 0 &&
                    read_answer(tty, answer, sizeof answer);
    tcsetattr(tty, TCSADRAIN, &former);
    return answered && names_sixel(answer);
}

static bool draws_sixel(int tty) {
    static enum { UNKNOWN, NO, YES } known;
    const char *term = getenv("TERM");
    if (known == UNKNOWN && term && strcmp(term, "dumb") != 0)
        known = ask(tty) ? YES : NO;
    return known == YES;
}

static void set_size(lua_State *L, const char *name, int value) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

static int process_terminal(lua_State *L) {
    struct winsize window = {0};
    int tty = isatty(STDOUT_FILENO) ? open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    if (tty < 0)
        return 0;
    bool sixel = draws_sixel(tty), sized = ioctl(tty, TIOCGWINSZ, &window) == 0;
    close(tty);
    int columns = sized && window.ws_col ? window.ws_col : 80;
    int rows = sized && window.ws_row ? window.ws_row : 24;
    lua_newtable(L);
    lua_pushboolean(L, sixel);
    lua_setfield(L, -2, "sixel");
    set_size(L, "columns", columns);
    set_size(L, "rows", rows);
    set_size(L, "width", window.ws_xpixel ? window.ws_xpixel : columns * CELL_WIDTH);
    set_size(L, "height", window.ws_ypixel ? window.ws_ypixel : rows * CELL_HEIGHT);
    return 1;
}

static const mfl_fn terminal_functions[] = {{"terminal", process_terminal, "mf.process.terminal()",
                                             "What the terminal on stdout can show: {sixel=, "
                                             "columns=, rows=, width=, height=}, the last two in "
                                             "pixels; nil where stdout is none.",
                                             NULL},
                                            {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_terminal(lua_State *L) {
    luaL_getsubtable(L, -1, "process");
    mfl_functions(L, "mf.process", terminal_functions);
}
