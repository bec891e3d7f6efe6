/* schedule.h: step schedules xi(t) as Lua values. */
#ifndef MFL_SCHEDULE_H
#define MFL_SCHEDULE_H

#include "core/model/schedule.h"
#include "lua/bind/bind.h"

#define MFL_SCHEDULE "mf.schedule"

/* The value on top of the stack (an mf.schedule, a Lua function t -> xi, or nil for the
 * constant 1) replaced by an mf.schedule and returned; an error names option 'xi'.       */
mf_schedule *mfl_schedule_option(lua_State *L, const char *where);

/* Pushes a schedule that is data, not a function. */
void mfl_schedule_push(lua_State *L, const mf_schedule *xi);

/* xi(t), and int_from^to xi, of the schedule object at `index`, custom ones included
 * (Lua is called; double-exponential quadrature, so xi may be singular at an end).       */
double mfl_schedule_xi(lua_State *L, int index, double t);
double mfl_schedule_clock(lua_State *L, int index, double from, double to);

#endif
