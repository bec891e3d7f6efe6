/* flow.h: what all solvers of the distributional dynamics share as Lua values. */
#ifndef MFL_FLOW_H
#define MFL_FLOW_H

#include "core/limit/flow.h"
#include "lua/bind/bind.h"
#include "lua/potentials/potential.h"

/* A solver's userdata starts with this; its workspace lies behind. */
typedef struct {
    mf_flow *flow;
    double t;
    double first;                   /* > 0: the solver needs xi itself, from this time on */
    bool busy;                      /* at work: its callbacks must not use it */
    mf_potential *const *potential; /* the handle in the options, which this object keeps */
} mfl_flow;

/* Pushes a solver of this class with `bytes` bytes of workspace, returned through `memory`;
 * pops the option table, in which `xi` is an mf.schedule. The caller sets ->flow and ->potential.          */
mfl_flow *mfl_flow_new(lua_State *L, const char *where, const mfl_class *class, size_t bytes,
                       void **memory);

/* Gives the solver at stack index `self` the table of a custom schedule that it may need up to t_end. */
void mfl_flow_pace(lua_State *L, mfl_flow *box, int self, int xi, double t_end);

/* Classes whose objects start with an mfl_flow. */
#define MFL_PARTICLES "mf.pde.particles"
#define MFL_GRID "mf.pde.grid"
#define MFL_JKO "mf.pde.jko"
#define MFL_FLOW_CLASSES                                                                           \
    { MFL_PARTICLES, MFL_GRID, MFL_JKO, NULL }

/* Their constructors, which take the option table at 1, and the rows of its fields. */
int mfl_particles_new(lua_State *L);
int mfl_grid_new(lua_State *L);
int mfl_jko_new(lua_State *L);
extern const mfl_field mfl_particles_fields[], mfl_grid_fields[], mfl_jko_fields[];

/* The solver at arg, which is not at work. */
mfl_flow *mfl_flow_check(lua_State *L, int arg);

/* pde:save(path), in saved.c; and for those who keep runs: the same as a string, and to take over
 * the state of a loaded solver, which must outlive this one.                                  */
int mfl_flow_save(lua_State *L);
int mfl_flow_image(lua_State *L);
int mfl_flow_become(lua_State *L);

/* Pushes a copy. */
void mfl_flow_push_measure(lua_State *L, const mf_measure *m);

/* The methods of every such class ... */
extern const mfl_fn mfl_flow_methods[];

/* Those that some classes describe in their own words, or build on. */
int mfl_flow_dissipation(lua_State *L);
int mfl_flow_advance(lua_State *L);

/* ... and the first rows of its properties. */
int mfl_flow_t(lua_State *L);
int mfl_flow_clock(lua_State *L);
int mfl_flow_steps(lua_State *L);
int mfl_flow_error(lua_State *L);
#define MFL_FLOW_PROPERTIES                                                                        \
    {"t", mfl_flow_t, "time"},                                                                     \
            {"clock", mfl_flow_clock, "tau = int_0^t xi, in which Eq. 7 is autonomous"}, {         \
        "steps", mfl_flow_steps, "accepted steps so far"                                           \
    }

#endif
