/* repl.c: the prompt. Reading and remembering lines is done here; what to show and how to
 * complete is said in lua/meanfield/prompt/repl.lua.
 *
 * On a terminal readline edits the line. A pasted block arrives as one text of several
 * lines (bracketed paste): it is one chunk if it compiles as one, else it is taken line by
 * line, as if typed. A line ending in ';' shows no result. Without a terminal there is no
 * editing, no history, and results are printed as lua5.4 -i prints them.                  */
#include "core/base/library.h"
#include "host.h"
#include "lua/bind/bind.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#define HISTORY_ENTRIES 5000
#define REPL_KEY "meanfield.repl" /* registry: the module of that name */

static struct {
    lua_State *L;             /* for readline's callbacks                           */
    const char *pending;      /* lines of an unfinished chunk, or NULL                */
    bool terminal, cancelled; /* cancelled: Ctrl-C has thrown away what was typed   */
    char *typed;              /* readline's last line, ours to free                 */
    char *queue;              /* rest of a block that is taken line by line, or NULL */
    char history[PATH_MAX];   /* file, "" for none                                  */
} repl;

/* ---- history ---------------------------------------------------------------------------- */

/* Makes the folders above path. */
static void make_parents(char *path) {
    for (char *slash = path + 1; (slash = strchr(slash, '/')); ++slash) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}

/* $MEANFIELD_HISTORY, else meanfield/history in the XDG folder for such things. */
static void find_history(char *path, size_t size) {
    const char *given = getenv("MEANFIELD_HISTORY"), *state = getenv("XDG_STATE_HOME"),
               *home = getenv("HOME");
    path[0] = '\0';
    if (given)
        snprintf(path, size, "%s", given);
    else if (state && *state)
        snprintf(path, size, "%s/meanfield/history", state);
    else if (home && *home)
        snprintf(path, size, "%s/.local/state/meanfield/history", home);
}

/* Time stamps make entries of several lines survive the file. */
static void open_history(void) {
    find_history(repl.history, sizeof repl.history);
    history_comment_char = '#';
    history_write_timestamps = 1;
    stifle_history(HISTORY_ENTRIES);
    if (!repl.history[0])
        return;
    make_parents(repl.history);
    int fd = open(repl.history, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        repl.history[0] = '\0';
        return;
    }
    close(fd);
    read_history(repl.history);
    if (history_length == HISTORY_ENTRIES)
        write_history(repl.history);
}

/* Every entry is written at once: a killed session forgets nothing. */
static void remember(const char *text) {
    HIST_ENTRY *last = history_get(history_base + history_length - 1);
    if (!repl.terminal || !text[strspn(text, " \t\n")] || (last && strcmp(last->line, text) == 0))
        return;
    add_history(text);
    if (repl.history[0])
        append_history(1, repl.history);
}

/* ---- completion ---------------------------------------------------------------------------- */

/* readline asks for one candidate after another; they are the list on top of the stack. */
static char *next_candidate(const char *word, int state) {
    static lua_Integer i;
    (void)word;
    i = state == 0 ? 1 : i + 1;
    char *candidate = NULL;
    if (lua_rawgeti(repl.L, -1, i) == LUA_TSTRING)
        candidate = strdup(lua_tostring(repl.L, -1));
    lua_pop(repl.L, 1);
    return candidate;
}

/* What ends a word: inside quotes only quotes do, so that a path may begin with / or a dot. */
static char *word_breaks(void) {
    static char in_code[] = " \t\n\"'`@$><=;|&{}()[].:,+-*/%^#~!?", in_string[] = "\"'";
    char quote = '\0';
    for (int i = 0; i < rl_point; ++i) {
        char c = rl_line_buffer[i];
        if (c == '\\')
            ++i;
        else if (quote ? c == quote : c == '"' || c == '\'')
            quote = quote ? '\0' : c;
    }
    return quote ? in_string : in_code;
}

/* repl.complete(text before the word, word) -> list of words, and complete_string likewise
 * inside quotes, where nil means files, as readline does by itself.                     */
static char **complete(const char *word, int start, int end) {
    lua_State *L = repl.L;
    char **matches = NULL;
    int top = lua_gettop(L), quoted = rl_completion_quote_character;
    (void)end;
    rl_completion_append_character = '\0';
    rl_attempted_completion_over = !quoted;
    if (!lua_checkstack(L, 8) || lua_getfield(L, LUA_REGISTRYINDEX, REPL_KEY) != LUA_TTABLE)
        return NULL;
    lua_getfield(L, -1, quoted ? "complete_string" : "complete");
    lua_pushfstring(L, "%s%s", repl.pending ? repl.pending : "", repl.pending ? "\n" : "");
    lua_pushlstring(L, rl_line_buffer, (size_t)start);
    lua_concat(L, 2);
    lua_pushstring(L, word);
    if (lua_pcall(L, 2, 1, 0) == LUA_OK && lua_istable(L, -1)) {
        rl_attempted_completion_over = 1;
        matches = rl_completion_matches(word, next_candidate);
    }
    lua_settop(L, top);
    return matches;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Ctrl-C at the prompt: a fresh line, and nothing left of the lines before it. */
static int on_signal(void) {
    if (!host_take_interrupt())
        return 0;
    repl.cancelled = true;
    rl_replace_line("", 1);
    rl_crlf();
    rl_set_prompt("> ");
    rl_on_new_line();
    rl_redisplay();
    return 0;
}

/* The arrow keys: with text before the cursor, through the entries that begin with it; else
 * through all. What is found stays on as the text of the next press only in the first case. */
static bool searching;

static int arrow(int count, int key, rl_command_func_t *search, rl_command_func_t *step);

static int on_up(int count, int key) {
    return arrow(count, key, rl_history_search_backward, rl_get_previous_history);
}

static int on_down(int count, int key) {
    return arrow(count, key, rl_history_search_forward, rl_get_next_history);
}

static int arrow(int count, int key, rl_command_func_t *search, rl_command_func_t *step) {
    if (rl_last_func != on_up && rl_last_func != on_down)
        searching = rl_point > 0;
    return searching ? search(count, key) : step(count, key);
}

/* Before readline reads the user's inputrc, whose word is the last. */
static void bind_arrows(void) {
    static const char *const up[] = {"\033[A", "\033OA"}, *const down[] = {"\033[B", "\033OB"};
    for (size_t i = 0; i < 2; ++i) {
        rl_bind_keyseq(up[i], on_up);
        rl_bind_keyseq(down[i], on_down);
    }
}

static void open_terminal(void) {
    rl_readline_name = "meanfield";
    bind_arrows();
    rl_completion_word_break_hook = word_breaks;
    rl_completer_quote_characters = "\"'";
    rl_attempted_completion_function = complete;
    rl_signal_event_hook = on_signal;
    rl_variable_bind("enable-bracketed-paste", "on");
    open_history();
}

/* One line from a stream that is no terminal, without its end; NULL at the end. It is echoed,
 * as readline does for lua5.4 -i: the output reads like a session at a terminal.        */
static char *read_plain(const char *prompt) {
    size_t size = 0;
    char *line = NULL;
    fputs(prompt, stdout);
    fflush(stdout);
    ssize_t n = getline(&line, &size, stdin);
    if (n < 0) {
        free(line);
        return NULL;
    }
    if (n > 0 && line[n - 1] == '\n')
        line[n - 1] = '\0';
    if (!isatty(STDIN_FILENO))
        puts(line);
    return line;
}

/* The next line of a block; ours until the next call, as typed is. */
static const char *next_queued(void) {
    char *line = repl.queue, *end = strchr(line, '\n');
    if (end)
        *end = '\0';
    repl.queue = end ? end + 1 : NULL;
    return line;
}

/* Pushes a global as it is, whatever a metatable of the globals would say (mf.strict). */
static int push_global(lua_State *L, const char *name) {
    lua_pushglobaltable(L);
    lua_pushstring(L, name);
    int type = lua_rawget(L, -2);
    lua_remove(L, -2);
    return type;
}

/* Pushes the next line of input; false at the end of it. `which` names the prompt. */
static bool push_line(lua_State *L, const char *which, const char *usual) {
    if (repl.queue) {
        lua_pushstring(L, next_queued());
        return true;
    }
    if (push_global(L, which) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_pushstring(L, usual);
    }
    const char *prompt = luaL_tolstring(L, -1, NULL);
    free(repl.typed);
    repl.typed = repl.terminal ? readline(prompt) : read_plain(prompt);
    lua_pop(L, 2);
    if (!repl.typed)
        return false;
    for (size_t n = strlen(repl.typed); n && repl.typed[n - 1] == '\n'; --n)
        repl.typed[n - 1] = '\0'; /* a pasted block brings its last one along */
    lua_pushstring(L, repl.typed);
    return true;
}

/* ---- chunks ------------------------------------------------------------------------------------- */

#define EXPLAIN "require 'meanfield.prompt.repl'.explain [====["

/* Pushes the text at `index` as a chunk: "= e" and "e" give "return e"; "? x", "x?" and
 * "?" ask for help.                                                                     */
static void push_chunk(lua_State *L, int index, bool as_expression) {
    const char *text = lua_tostring(L, index);
    size_t n = strlen(text);
    while (n && strchr(" \t\n", text[n - 1]))
        --n;
    if (repl.terminal && n && (text[0] == '?' || text[n - 1] == '?')) {
        lua_pushliteral(L, EXPLAIN);
        lua_pushlstring(L, text + (text[0] == '?'), n - 1);
        lua_pushliteral(L, "]====]");
        lua_concat(L, 3);
    } else
        lua_pushfstring(L, "%s%s", as_expression ? "return " : "",
                        as_expression && text[0] == '=' ? text + 1 : text);
}

/* Compiles what is on top of the stack, and leaves the function or the message in its place. */
static int load_top(lua_State *L) {
    size_t n;
    const char *chunk = lua_tolstring(L, -1, &n);
    int status = luaL_loadbuffer(L, chunk, n, "=stdin");
    lua_remove(L, -2);
    return status;
}

/* "x = f(); x" at a terminal: statements, and after their last ';' an expression, each good by itself.
 * Pushes the function that returns the expression's value, or nothing.                              */
static bool compile_last(lua_State *L, int text) {
    const char *chunk = lua_tostring(L, text);
    for (size_t n = strlen(chunk); repl.terminal && n-- > 0;) {
        if (chunk[n] != ';' || chunk[n + 1 + strspn(chunk + n + 1, " \t\n;")] == '\0')
            continue;
        lua_pushfstring(L, "return %s", chunk + n + 1);
        bool good = load_top(L) == LUA_OK;
        lua_pushlstring(L, chunk, n);
        good = good && load_top(L) == LUA_OK;
        lua_settop(L, text);
        if (!good)
            continue;
        lua_pushlstring(L, chunk, n);
        lua_pushfstring(L, "%s; return %s", lua_tostring(L, -1), chunk + n + 1);
        lua_remove(L, -2);
        if (load_top(L) == LUA_OK)
            return true;
        lua_settop(L, text);
    }
    return false;
}

/* Compiles the text on top of the stack, which stays below the function or the message. */
static int compile(lua_State *L) {
    int text = lua_gettop(L), status = LUA_ERRSYNTAX;
    for (int as_expression = 1; as_expression >= 0 && status != LUA_OK; --as_expression) {
        lua_settop(L, text);
        if (!as_expression && compile_last(L, text))
            return LUA_OK;
        push_chunk(L, text, as_expression);
        status = load_top(L);
    }
    return status;
}

/* Does the message on top say that the chunk is good as far as it goes? */
static bool incomplete(lua_State *L, int status) {
    size_t n, mark = strlen("<eof>");
    const char *message = lua_tolstring(L, -1, &n);
    return status == LUA_ERRSYNTAX && n >= mark && strcmp(message + n - mark, "<eof>") == 0;
}

/* Reads lines until they make a chunk, or surely none. Leaves the text and above it the
 * function or the message; -1 at the end of input.                                       */
static int read_chunk(lua_State *L) {
    lua_settop(L, 0);
    if (!push_line(L, "_PROMPT", "> "))
        return -1;
    for (;;) {
        int status = compile(L);
        if (status != LUA_OK && !incomplete(L, status) && !repl.queue && repl.typed &&
            strchr(repl.typed, '\n') && strcmp(lua_tostring(L, 1), repl.typed) == 0) {
            remember(repl.typed);
            repl.queue = repl.typed; /* no chunk as a whole: line by line */
            lua_settop(L, 0);
            push_line(L, "_PROMPT", "> ");
            continue;
        }
        if (!incomplete(L, status))
            return status;
        repl.cancelled = false;
        repl.pending = lua_tostring(L, 1);
        bool more = push_line(L, "_PROMPT2", ">> ");
        repl.pending = NULL;
        if (!more)
            return status;
        lua_remove(L, -2); /* the message */
        if (repl.cancelled) {
            lua_remove(L, 1);
            continue;
        }
        lua_pushliteral(L, "\n");
        lua_insert(L, -2);
        lua_concat(L, 3);
    }
}

/* ---- results -------------------------------------------------------------------------------------- */

/* Shows the results above the text at index 1. */
static void show(lua_State *L) {
    int n = lua_gettop(L) - 1;
    size_t length;
    const char *text = lua_tolstring(L, 1, &length);
    while (length && strchr(" \t\n", text[length - 1]))
        --length;
    if (n == 0 || (repl.terminal && length && text[length - 1] == ';'))
        return;
    luaL_checkstack(L, 4, "too many results to print");
    if (repl.terminal && lua_getfield(L, LUA_REGISTRYINDEX, REPL_KEY) == LUA_TTABLE)
        lua_getfield(L, -1, "show");
    else
        push_global(L, "print");
    lua_insert(L, 2);
    lua_settop(L, n + 2);
    int status = host_call(L, n, 0);
    if (status != LUA_OK) {
        const char *message = lua_tostring(L, -1); /* its first line: no traceback */
        lua_pushlstring(L, message, message ? strcspn(message, "\n") : 0);
        lua_pushfstring(L, "error calling 'print' (%s)", lua_tostring(L, -1));
    }
    host_report(L, NULL, status);
}

/* The Lua half; without it the prompt works, but plainly. */
static void load_lua_half(lua_State *L) {
    int top = lua_gettop(L);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "meanfield.prompt.repl");
    if (host_report(L, NULL, host_call(L, 1, 1)) != LUA_OK)
        return;
    if (repl.terminal && lua_getfield(L, -1, "open") == LUA_TFUNCTION)
        host_report(L, NULL, host_call(L, 0, 0));
    lua_settop(L, top + 1);
    lua_setfield(L, LUA_REGISTRYINDEX, REPL_KEY);
}

/* Tells the Lua half how many rows the screen has: a window may have changed. */
static void measure_screen(lua_State *L) {
    struct winsize window = {0};
    if (!repl.terminal || lua_getfield(L, LUA_REGISTRYINDEX, REPL_KEY) != LUA_TTABLE)
        return;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_row > 0) {
        lua_pushinteger(L, window.ws_row);
        lua_setfield(L, -2, "rows");
    }
    lua_pop(L, 1);
}

/* Whether a line of a traceback leads into code of the user's other than the line that was typed. */
static bool tells(const char *line, size_t n, bool typed) {
    static const char main_chunk[] = "in main chunk";
    size_t tail = sizeof main_chunk - 1;
    if (strncmp(line, "[C]:", 4) == 0 || strncmp(line, "(...tail", 8) == 0)
        return false;
    if (strncmp(line, "stdin:", 6) == 0)
        return n < tail || strncmp(line + n - tail, main_chunk, tail) != 0;
    const char *ours = strstr(line, "/meanfield/");
    return !typed || !ours || ours > line + n;
}

/* Takes from the message on top a traceback that says nothing more than the message does. */
static void shorten(lua_State *L) {
    static const char head[] = "\nstack traceback:";
    const char *text = lua_tostring(L, -1), *trace = text ? strstr(text, head) : NULL;
    if (!repl.terminal || !trace)
        return;
    bool typed = strncmp(text, "stdin:", 6) == 0;
    for (const char *line = trace + sizeof head - 1; *line;) {
        line += strspn(line, "\n\t");
        size_t n = strcspn(line, "\n");
        if (n > 0 && tells(line, n, typed))
            return;
        line += n;
    }
    lua_pushlstring(L, text, (size_t)(trace - text));
    lua_remove(L, -2);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Runs the function above the text and shows what it gives; at a terminal also how long it
 * took, when one had to wait for it.                                                      */
static void evaluate(lua_State *L) {
    measure_screen(L);
    double start = seconds();
    int status = host_call(L, 0, LUA_MULTRET);
    double took = seconds() - start;
    mfl_task_erase();
    if (status == LUA_OK) {
        show(L);
    } else {
        shorten(L);
        host_report(L, NULL, status);
    }
    if (repl.terminal && took >= 1)
        printf(took < 100 ? "(%.1f s)\n" : "(%.0f s)\n", took);
}

void host_repl(lua_State *L) {
    int status;
    repl.L = L;
    repl.terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    load_lua_half(L);
    if (repl.terminal) {
        open_terminal();
        puts("? or help(x) explains, Tab completes, Ctrl-C stops, Ctrl-D leaves.");
    }
    while (!host_terminated() && (status = read_chunk(L)) != -1) {
        if (!repl.queue)
            remember(lua_tostring(L, 1));
        if (status == LUA_OK)
            evaluate(L);
        else
            host_report(L, NULL, status);
    }
    lua_settop(L, 0);
    fputs("\n", stdout);
    fflush(stdout);
    free(repl.typed);
    repl.typed = NULL;
}
