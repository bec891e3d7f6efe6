/* potential.h: potentials as Lua values. All kinds share one class and its methods.
 *
 * A new kind is a core constructor that returns an mf_potential, and a Lua constructor:
 *     mfl_options(L, where, 1, fields, &options);           leaves the option table on top
 *     mf_potential **box = mfl_potential_push(L);           a closed handle, owned by Lua
 *     mfl_status(L, where, mf_xyz_new(&spec, box, &err), &err);
 *     return 1;
 * listed in potential_functions (potential.c).                                            */
#ifndef MFL_POTENTIAL_H
#define MFL_POTENTIAL_H

#include "core/potentials/potential.h"
#include "lua/bind/bind.h"

#define MFL_POTENTIAL "mf.potential"

/* Pops the option table, pushes a closed potential: its payload begins with one pointer, NULL while
 * closed, and owns what it points to. Closing it later frees nothing: whoever uses the
 * potential already, and keeps the handle (in its options), goes on with it.               */
mf_potential **mfl_potential_push(lua_State *L);

/* Whether the memory behind a handle is still there. Not so in a finalizer that runs after the
 * handle's own: whoever keeps a potential asks in every use.                               */
bool mfl_potential_lives(mf_potential *const *box);

/* The open potential at arg, or an argument error. */
const mf_potential *mfl_potential_check(lua_State *L, int arg);

/* The measure at arg, in the space of the potential; the error says how to get there. */
const mf_measure *mfl_potential_measure(lua_State *L, int arg, const mf_potential *pot);

/* J particles from the law rho_0 into x (mf_potential_start), with Ctrl-C. */
void mfl_start(lua_State *L, const char *where, const mf_potential *pot, const mf_init *init,
               size_t J, double *x);

/* Points theta: coordinate c of point j at x[c * n + j]. */
typedef struct {
    size_t n;
    bool single; /* given as one point: results lose their first dimension */
    const double *x;
} mfl_points;

/* Reads a number, a point, an array of points or the atoms of a measure; what holds the numbers
 * replaces the argument.                                                                      */
mfl_points mfl_potential_points(lua_State *L, int arg, const mf_potential *pot);

/* The constructor in potential_sampled.c, and its options. */
int mfl_potential_sampled(lua_State *L);
extern const mfl_field mfl_sampled_fields[];

/* Those in multi_index.c. */
int mfl_potential_multi_index(lua_State *L);
int mfl_potential_nodes(lua_State *L);
extern const mfl_field mfl_multi_index_fields[], mfl_nodes_fields[];

/* That in custom.c. */
int mfl_potential_custom(lua_State *L);
extern const mfl_field mfl_custom_fields[];

#endif
