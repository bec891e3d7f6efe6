/* main.c: the meanfield program: a drop-in for lua5.4 with meanfield built in.
 *
 * Options, `arg`, environment variables, messages and exit codes are those of lua5.4, so
 * that busted and every other Lua tool run on it unchanged. Added are --threads, --version
 * and --help, and on a terminal a better prompt (repl.c).                                 */
#include "core/base/library.h"
#include "core/base/parallel.h"
#include "host.h"
#include "lua/bind/bind.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int luaopen_meanfield(lua_State *L);

/* What the command line says. */
typedef struct {
    int script; /* index of the script in argv; argc if there is none */
    bool interactive, version, ours, execute, no_environment, help; /* ours: our version too */
    bool from_stdin;                                                /* the script is "-" */
    const char *bad; /* an option that is none, or lacks its argument */
    size_t threads;  /* 0: not given */
} command_line;

static const char *program = "meanfield";

static void print_usage(FILE *to) {
    fprintf(to,
            "usage: %s [options] [script [args]]\n"
            "       %s [options] command [args]\n"
            "Available options are:\n"
            "  -e stat   execute string 'stat'; without a script, 'mf' is loaded\n"
            "  -i        enter interactive mode after executing 'script'\n"
            "  -l mod    require library 'mod' into global 'mod'\n"
            "  -l g=mod  require library 'mod' into global 'g'\n"
            "  -v        show version information, as lua5.4 does\n"
            "  -E        ignore environment variables\n"
            "  -W        turn warnings on\n"
            "  --        stop handling options\n"
            "  -         stop handling options and execute stdin\n"
            "  --threads n   threads used by native loops (default: one for each core)\n"
            "  --version     show version information, meanfield's too\n"
            "  --help        show this text\n"
            "A script named like a command is ./command. Commands are:\n"
            "  kernel        Jupyter's kernel: kernel install, kernel remove\n"
            "  list          the experiments that come with it, a line each\n"
            "  run           one of them by its name: run fig1 --quick\n"
            "  results       a table of earlier runs\n"
            "  reproduce     all of them, on all cores, and a page of what came out\n",
            program, program);
}

static void print_version(bool ours, bool libraries) {
    mf_library_version library[MF_LIBRARY_VERSIONS];
    size_t n = libraries ? mf_library_versions(library) : 0;
    puts(LUA_COPYRIGHT);
    if (ours)
        printf("meanfield %s\n", mf_version());
    for (size_t i = 0; i < n; ++i)
        printf("%s %s\n", library[i].name, library[i].version);
    fflush(stdout);
}

/* ---- the command line ------------------------------------------------------------------------ */

/* True for "--threads n" and "--threads=n"; *i is left on the last argument used. */
static bool read_threads(char **argv, int *i, command_line *line) {
    const char *text = argv[*i] + strlen("--threads");
    char *end = NULL;
    if (*text == '=')
        ++text;
    else if (*text == '\0' && argv[*i + 1])
        text = argv[++*i];
    else
        return false;
    long n = strtol(text, &end, 10);
    if (end == text || *end || n < 1 || n > MF_THREADS_MAX)
        return false;
    line->threads = (size_t)n;
    return true;
}

/* True if argv[*i] is a good option; *i is left on the last argument it uses. */
static bool read_option(char **argv, int *i, command_line *line) {
    const char *text = argv[*i];
    if (strncmp(text, "--threads", strlen("--threads")) == 0)
        return read_threads(argv, i, line);
    if (strcmp(text, "--version") == 0)
        return line->version = line->ours = true;
    if (strcmp(text, "--help") == 0)
        return line->help = true;
    switch (text[1]) {
    case 'E':
        line->no_environment = true;
        return !text[2];
    case 'W':
        return !text[2];
    case 'i':
        line->interactive = line->version = line->ours = true;
        return !text[2];
    case 'v':
        line->version = true;
        return !text[2];
    case 'e':
        line->execute = true; /* fall through */
    case 'l':
        if (text[2])
            return true;
        ++*i;
        return argv[*i] && argv[*i][0] != '-';
    default:
        return false;
    }
}

static command_line read_command_line(char **argv) {
    command_line line = {0};
    int i = argv[0] ? 1 : 0;
    for (; argv[i] && argv[i][0] == '-'; ++i) {
        line.from_stdin = argv[i][1] == '\0';
        if (line.from_stdin)
            break;
        if (strcmp(argv[i], "--") == 0) {
            ++i;
            break;
        }
        int at = i;
        if (!read_option(argv, &i, &line)) {
            line.bad = argv[at];
            break;
        }
    }
    line.script = i;
    return line;
}

/* Global `arg`: the script at 0, its arguments above, what stands before it below. */
static void set_arg(lua_State *L, int argc, char **argv, int script) {
    int zero = script < argc ? script : 0;
    lua_createtable(L, argc - zero, zero + 1);
    for (int i = 0; i < argc; ++i) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - zero);
    }
    lua_setglobal(L, "arg");
}

/* ---- running chunks --------------------------------------------------------------------------- */

/* Runs the chunk whose loading gave `status`; true if all went well. */
static bool run(lua_State *L, int status) {
    if (status == LUA_OK)
        status = host_call(L, 0, 0);
    return host_report(L, program, status) == LUA_OK;
}

static bool run_string(lua_State *L, const char *text, const char *name) {
    return run(L, luaL_loadbuffer(L, text, strlen(text), name));
}

/* -l mod, -l g=mod */
static bool run_library(lua_State *L, const char *spec) {
    const char *equals = strchr(spec, '=');
    const char *module = equals ? equals + 1 : spec;
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    int status = host_call(L, 1, 1);
    if (status == LUA_OK) {
        lua_pushlstring(L, spec, equals ? (size_t)(equals - spec) : strlen(spec));
        lua_insert(L, -2);
        lua_pushglobaltable(L);
        lua_insert(L, -3);
        lua_settable(L, -3);
        lua_pop(L, 1);
    }
    return host_report(L, program, status) == LUA_OK;
}

static bool run_environment(lua_State *L) {
    const char *name = "=LUA_INIT_5_4", *text = getenv(name + 1);
    if (!text) {
        name = "=LUA_INIT";
        text = getenv(name + 1);
    }
    if (!text)
        return true;
    return text[0] == '@' ? run(L, luaL_loadfile(L, text + 1)) : run_string(L, text, name);
}

/* -e, -l and -W, in the order in which they stand. */
static bool run_options(lua_State *L, char **argv, int script) {
    for (int i = 1; i < script; ++i) {
        char option = argv[i][1];
        if (strcmp(argv[i], "--threads") == 0)
            ++i;
        if (option == 'W')
            lua_warning(L, "@on", 0);
        if (option != 'e' && option != 'l')
            continue;
        const char *text = argv[i][2] ? argv[i] + 2 : argv[++i];
        if (!(option == 'e' ? run_string(L, text, "=(command line)") : run_library(L, text)))
            return false;
    }
    return true;
}

/* Pushes the function of the command `name` of lua/meanfield/commands.lua; false if there is none. */
static bool push_command(lua_State *L, const char *name) {
    if (strpbrk(name, "./\\")) /* scripts and paths load nothing */
        return false;
    int top = lua_gettop(L);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "meanfield.commands");
    if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_getfield(L, -1, name) == LUA_TFUNCTION) {
        lua_replace(L, top + 1);
        lua_settop(L, top + 1);
        return true;
    }
    lua_settop(L, top);
    return false;
}

/* What to do instead of a script that is not there, behind the message on top: commands.__call says it. */
static void advise(lua_State *L, const char *path) {
    if (!*path || strpbrk(path, "./\\"))
        return;
    lua_getglobal(L, "require");
    lua_pushliteral(L, "meanfield.commands");
    if (lua_pcall(L, 1, 1, 0) == LUA_OK) {
        lua_pushstring(L, path);
        if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_isstring(L, -1)) {
            lua_concat(L, 2);
            return;
        }
    }
    lua_pop(L, 1);
}

/* The script gets the positive part of `arg`, which options may have changed. */
static bool run_script(lua_State *L, const char *path) {
    int status = path && push_command(L, path) ? LUA_OK : luaL_loadfile(L, path);
    if (status == LUA_ERRFILE && path)
        advise(L, path);
    if (status == LUA_OK) {
        if (lua_getglobal(L, "arg") != LUA_TTABLE)
            luaL_error(L, "'arg' is not a table");
        lua_Integer length = luaL_len(L, -1); /* a script before may have changed it */
        int n = length < 0 ? 0 : length < INT_MAX - 3 ? (int)length : INT_MAX - 3;
        luaL_checkstack(L, n + 3, "too many arguments to script");
        int table = lua_gettop(L);
        for (int i = 1; i <= n; ++i)
            lua_rawgeti(L, table, i);
        lua_remove(L, table);
        status = host_call(L, n, LUA_MULTRET);
    }
    return host_report(L, program, status) == LUA_OK;
}

/* ---- main ------------------------------------------------------------------------------------------ */

static void open_libraries(lua_State *L) {
    luaL_openlibs(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_meanfield);
    lua_setfield(L, -2, "meanfield");
    lua_pop(L, 1);
    mfl_add_searcher(L);
    host_open_module(L);
    host_handle_interrupts(L);
    lua_gc(L, LUA_GCGEN, 0, 0); /* as lua5.4 does */
}

static void complain(const char *option) {
    if (strncmp(option, "--threads", strlen("--threads")) == 0)
        fprintf(stderr, "%s: '--threads' needs a number from 1 to %d\n", program, MF_THREADS_MAX);
    else if (option[1] == 'e' || option[1] == 'l')
        fprintf(stderr, "%s: '%s' needs argument\n", program, option);
    else
        fprintf(stderr, "%s: unrecognized option '%s'\n", program, option);
}

/* Runs everything; pushes true if all went well. */
static int protected_main(lua_State *L) {
    int argc = (int)lua_tointeger(L, 1);
    char **argv = lua_touserdata(L, 2);
    command_line line = read_command_line(argv);
    bool has_script = line.script < argc;
    if (line.bad) {
        complain(line.bad);
        print_usage(stderr);
        return 0;
    }
    if (line.help) {
        print_usage(stdout);
        lua_pushboolean(L, true);
        return 1;
    }
    if (line.version)
        print_version(line.ours, line.ours && !line.interactive);
    if (line.threads)
        mf_threads_set(line.threads);
    if (line.no_environment) {
        lua_pushboolean(L, true);
        lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
    }
    luaL_checkversion(L);
    open_libraries(L);
    set_arg(L, argc, argv, line.script);
    if (!line.no_environment && !run_environment(L))
        return 0;
    if (line.execute && !has_script && !run_library(L, "mf=meanfield"))
        return 0;
    if (!run_options(L, argv, line.script))
        return 0;
    if (has_script && !run_script(L, line.from_stdin ? NULL : argv[line.script]))
        return 0;
    if (host_terminated())
        return 0;
    if (line.interactive) {
        host_repl(L);
        if (host_terminated())
            return 0;
    } else if (!has_script && !line.execute && !line.version) {
        if (isatty(STDIN_FILENO)) {
            print_version(true, false);
            host_repl(L);
        } else if (!run(L, luaL_loadfile(L, NULL))) {
            /* lua5.4 reports the error and exits with 0 here: so do we. */
            fflush(stderr);
            if (host_ended_by())
                return 0;
        }
    }
    lua_pushboolean(L, true);
    return 1;
}

/* The exit code 128 + n. Ctrl-C ends the program by itself, so that a shell's loop around it ends too. */
static int end_by(int signal_number) {
    if (signal_number == SIGINT) {
        fflush(NULL);
        signal(SIGINT, SIG_DFL);
        raise(SIGINT);
    }
    return 128 + signal_number;
}

int main(int argc, char **argv) {
    lua_State *L = luaL_newstate();
    if (!L) {
        fprintf(stderr, "%s: cannot create state: not enough memory\n", program);
        return EXIT_FAILURE;
    }
    if (argc > 0 && argv[0][0])
        program = argv[0];
    lua_pushcfunction(L, protected_main);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    int status = lua_pcall(L, 2, 1, 0);
    bool ok = status == LUA_OK && lua_toboolean(L, -1);
    host_report(L, program, status);
    mfl_ended_well = ok;
    lua_close(L);
    if (ok && (fflush(stdout) != 0 || ferror(stdout))) {
        fprintf(stderr, "%s: the standard output could not be written\n", program);
        ok = false;
    }
    if (!ok && host_ended_by())
        return end_by(host_ended_by());
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
