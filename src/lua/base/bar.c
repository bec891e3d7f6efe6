/* bar.c: mf.process.task: the progress bar and Ctrl-C for a loop written in Lua. */
#include "lua/bind/bind.h"

#include <stdio.h>

typedef struct {
    mfl_task task;
    bool open;
} progress;

static void progress_close(void *payload) {
    progress *t = payload;
    if (t->open)
        mfl_task_end(&t->task);
    t->open = false;
}

static int progress_tick(lua_State *L) {
    progress *t = mfl_check(L, 1, "mf.process.task");
    if (t->open && mfl_task_tick(&t->task, luaL_checknumber(L, 2))) {
        progress_close(t);
        mfl_task_raise(L, "mf.sweep");
    }
    return 0;
}

static int progress_say(lua_State *L) {
    mfl_check(L, 1, "mf.process.task");
    mfl_task_erase();
    fputs(luaL_checkstring(L, 2), stderr);
    return 0;
}

static const mfl_fn progress_methods[] = {
        {"say", progress_say, "task:say(text)", "Writes text on stderr, in place of the bar.",
         NULL},
        {"tick", progress_tick, "task:tick(done)",
         "Redraws the bar if it is time to; raises \"interrupted\" after Ctrl-C.", NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_class progress_class = {"mf.process.task",
                                         "A progress bar that listens to Ctrl-C.", progress_methods,
                                         NULL, progress_close};

static int process_task(lua_State *L) {
    double goal = luaL_checknumber(L, 1);
    lua_pushnil(L);
    progress *t = mfl_new(L, &progress_class, sizeof *t);
    mfl_task_begin(&t->task, "sweep", 0, goal);
    t->open = true;
    return 1;
}

static const mfl_fn bar_functions[] = {{"task", process_task, "mf.process.task(goal)",
                                        "A progress bar from 0 to goal for a loop written in Lua.",
                                        NULL},
                                       {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_bar(lua_State *L) {
    mfl_class_register(L, &progress_class);
    luaL_getsubtable(L, -1, "process");
    mfl_functions(L, "mf.process", bar_functions);
}
