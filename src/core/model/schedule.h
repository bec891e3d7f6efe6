/* schedule.h: the step schedule xi(t) of s_k = eps xi(k eps), and its clock.
 *
 * The clock is tau(t) = int_0^t xi. In it the distributional dynamics (Eq. 7) is
 * autonomous and a schedule singular at 0, such as t^(-1/4), is no longer special. */
#ifndef MF_SCHEDULE_H
#define MF_SCHEDULE_H

#include "core/base/fields.h"

#include <stddef.h>

typedef enum {
    MF_SCHEDULE_CONSTANT, /* xi = value            */
    MF_SCHEDULE_POWER,    /* xi = value * t^power  */
    MF_SCHEDULE_CUSTOM    /* known only to the caller, who hands over numbers */
} mf_schedule_kind;

typedef struct {
    mf_schedule_kind kind;
    double value; /* > 0 */
    double power; /* > -1: the clock must be finite */
} mf_schedule;

extern const char *const mf_schedule_names[]; /* by kind; ends with NULL */

/* As fields "xi", "xi value", "xi power" of a checkpoint. */
void mf_schedule_save(const mf_schedule *, mf_fields_writer *);
void mf_schedule_load(mf_schedule *, mf_fields *);

/* xi(t), t >= 0; +inf at t = 0 for a negative power. NaN for MF_SCHEDULE_CUSTOM. */
double mf_schedule_xi(const mf_schedule *, double t);

/* tau(t) = int_0^t xi and its inverse. NaN for MF_SCHEDULE_CUSTOM. */
double mf_schedule_clock(const mf_schedule *, double t);
double mf_schedule_time(const mf_schedule *, double tau);

/* xi where the clock says how late it is: at clock `first` and before as at `first`, the end of SGD's
 * first step (xi may be singular at 0, and SGD never asks there). A schedule known only to the caller
 * is a table of n >= 1 points, clock increasing, straight lines between them; the caller keeps it.   */
typedef struct {
    mf_schedule schedule;
    double first;
    size_t n;
    const double *clock, *xi;
} mf_pace;

double mf_pace_xi(const mf_pace *, double clock);

#endif
