/* ranks.c: meanfield_mpi.so, the messages of a sweep that mpirun has spread over ranks.
 *
 * A module of its own, loaded only under mpirun, so that nothing else links MPI. It
 * knows strings and ranks; what they mean is decided in lua/meanfield/run/ranks.lua.
 * Waiting sleeps between probes: Open MPI's own waiting spins and would take a core.  */
#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <mpi.h>
#include <stdlib.h>
#include <time.h>

enum { TAG = 1 };

static int my_rank, ranks;
static int released; /* ranks > 0: rank 0 has said that all is done */

/* Rank 0's end ends the others, however the script came to it. A rank that leaves without
 * having been released does not finalize: mpirun then takes the whole job down.          */
static void at_exit(void) {
    for (int rank = 1; my_rank == 0 && rank < ranks; ++rank)
        MPI_Send("Q", 1, MPI_CHAR, rank, TAG, MPI_COMM_WORLD);
    if (my_rank == 0 || released)
        MPI_Finalize();
}

/* ranks.init() -> rank, number of ranks */
static int init(lua_State *L) {
    int provided;
    if (ranks == 0) {
        if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS)
            return luaL_error(L, "MPI_Init failed");
        MPI_Comm_rank(MPI_COMM_WORLD, &my_rank);
        MPI_Comm_size(MPI_COMM_WORLD, &ranks);
        atexit(at_exit);
    }
    lua_pushinteger(L, my_rank);
    lua_pushinteger(L, ranks);
    return 2;
}

/* ranks.send(rank, text) */
static int send_text(lua_State *L) {
    size_t n;
    lua_Integer rank = luaL_checkinteger(L, 1);
    const char *text = luaL_checklstring(L, 2, &n);
    luaL_argcheck(L, rank >= 0 && rank < ranks, 1, "no such rank");
    luaL_argcheck(L, n <= INT_MAX, 2, "longer than 2 GB");
    MPI_Send(text, (int)n, MPI_CHAR, (int)rank, TAG, MPI_COMM_WORLD);
    return 0;
}

/* ranks.receive(seconds) -> rank, text; nothing if none came in that time */
static int receive_text(lua_State *L) {
    double until = MPI_Wtime() + luaL_checknumber(L, 1);
    for (int there = 0;;) {
        MPI_Status status;
        MPI_Iprobe(MPI_ANY_SOURCE, TAG, MPI_COMM_WORLD, &there, &status);
        if (there) {
            int n;
            luaL_Buffer text;
            MPI_Get_count(&status, MPI_CHAR, &n);
            lua_pushinteger(L, status.MPI_SOURCE);
            char *at = luaL_buffinitsize(L, &text, (size_t)n);
            MPI_Recv(at, n, MPI_CHAR, status.MPI_SOURCE, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            luaL_pushresultsize(&text, (size_t)n);
            return 2;
        }
        if (MPI_Wtime() >= until)
            return 0;
        nanosleep(&(struct timespec){0, 200000}, NULL);
    }
}

/* ranks.release(): this rank has been told that all is done */
static int release(lua_State *L) {
    (void)L;
    released = 1;
    return 0;
}

/* ranks.abort(): ends the job at once, on all ranks */
static int abort_job(lua_State *L) {
    (void)L;
    MPI_Abort(MPI_COMM_WORLD, 1);
    return 0;
}

__attribute__((visibility("default"))) int luaopen_meanfield_mpi(lua_State *L);

int luaopen_meanfield_mpi(lua_State *L) {
    static const luaL_Reg functions[] = {
            {"init", init},       {"send", send_text},  {"receive", receive_text},
            {"release", release}, {"abort", abort_job}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
