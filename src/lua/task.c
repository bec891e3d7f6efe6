/* task.c: long native loops on behalf of Lua: interrupt and progress. */
#include "bind.h"

mf_flag mfl_interrupted;
bool mfl_host_has_handler;

const mf_flag *mfl_stop(void) {
    return &mfl_interrupted;
}

void mfl_task_begin(lua_State *L, mfl_task *task, const char *label, double from, double goal) {
    (void)L;
    *task = (mfl_task){.label = label, .from = from, .goal = goal};
}

bool mfl_task_tick(mfl_task *task, double now) {
    (void)task;
    (void)now;
    return mf_flag_is_set(&mfl_interrupted);
}

void mfl_task_end(mfl_task *task) {
    (void)task;
}

void mfl_task_raise(lua_State *L, const char *where) {
    if (mf_flag_is_set(&mfl_interrupted))
        luaL_error(L, "%s: interrupted", where);
}
