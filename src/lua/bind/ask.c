/* ask.c: Lua functions that the core calls in the middle of its work.
 *
 * An error must not jump across the core, which may own memory, so the call is protected; and the core does not
 * know which coroutine it works for, so the function has a coroutine of its own. That is never resumed, only
 * called: the function cannot yield. It holds one table, at index 1; a script that gets hold of it (by
 * coroutine.running) and resumes it or closes it spoils it, which is noticed here.
 *
 * Ctrl-C. Our host stops whatever coroutine it is told to run. In a stock lua5.4 nobody would stop this one: a
 * hook looks at the flag, and the handler that sets it is put in place.                                    */
#include "parts.h"

enum { RAISED = 1, LOOK_EVERY = 1000 /* instructions */ };

static lua_State *raised; /* holds in its table what was raised last */

mfl_asker *mfl_asker_push(lua_State *L) {
    lua_createtable(L, 2, 0);
    mfl_asker *asker = lua_newuserdatauv(L, sizeof *asker, 1);
    asker->L = lua_newthread(L);
    asker->busy = false;
    lua_setiuservalue(L, -2, 1); /* the userdata keeps the coroutine, */
    lua_pushboolean(L, false);
    lua_rawseti(L, -3, RAISED);     /* there from the start: to set it takes no memory */
    lua_rawseti(L, -2, RAISED + 1); /* the table the userdata, */
    lua_pushvalue(L, -1);
    lua_xmove(L, asker->L, 1); /* and the coroutine the table */
    return asker;
}

static void look(lua_State *L, lua_Debug *event) {
    (void)event;
    if (mf_flag_is_set(&mfl_interrupted))
        luaL_error(L, "interrupted");
}

static bool is_whole(lua_State *L) {
    return lua_status(L) == LUA_OK && lua_gettop(L) == 1 && lua_istable(L, 1);
}

/* Keeps what is on top of the stack. */
static mf_status keep_raised(lua_State *L, mf_error *err) {
    const char *text =
            lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "an error that is no text";
    mf_fail(err, MF_ERAISED, "%.250s", text);
    lua_rawseti(L, 1, RAISED);
    raised = L;
    return MF_ERAISED;
}

static int call(lua_State *L, lua_CFunction body, void *context) {
    lua_State *before = mfl_host_runs ? mfl_host_runs(L) : NULL;
    bool caught = mfl_catch_interrupts();
    if (!mfl_host_runs)
        lua_sethook(L, look, LUA_MASKCOUNT, LOOK_EVERY);
    lua_pushcfunction(L, body);
    lua_pushvalue(L, 1);
    lua_pushlightuserdata(L, context);
    int status = lua_pcall(L, 2, 1, 0);
    mfl_release_interrupts(caught);
    if (mfl_host_runs)
        mfl_host_runs(before);
    return status;
}

mf_status mfl_ask(mfl_asker *asker, lua_CFunction body, void *context, mf_error *err) {
    lua_State *L = asker->L;
    if (asker->busy)
        return mf_fail(err, MF_EINVAL,
                       "this potential is at work: it cannot be used by its own functions");
    if (!is_whole(L))
        return mf_fail(err, MF_EINVAL,
                       "the coroutine of its functions was resumed or closed by others");
    asker->busy = true;
    mf_status status = MF_OK;
    if (call(L, body, context) == LUA_OK)
        status = (mf_status)lua_tointeger(L, -1);
    else
        status = keep_raised(L, err);
    if (lua_status(L) == LUA_OK)
        lua_settop(L, 1);
    asker->busy = false;
    return status;
}

void mfl_raise_again(lua_State *L) {
    if (!raised || !is_whole(raised))
        return;
    luaL_checkstack(L, 1, NULL);
    lua_rawgeti(raised, 1, RAISED);
    lua_xmove(raised, L, 1);
    lua_pushboolean(raised, false);
    lua_rawseti(raised, 1, RAISED);
    raised = NULL;
    if (!mfl_host_has_handler) /* as mfl_task_raise does */
        atomic_store(&mfl_interrupted, 0);
    lua_error(L);
}
