/* schedule.c: constant and power-law step schedules in closed form. */
#include "schedule.h"

#include <assert.h>
#include <math.h>

double mf_schedule_xi(const mf_schedule *xi, double t) {
    assert(xi->kind != MF_SCHEDULE_CUSTOM);
    return xi->kind == MF_SCHEDULE_CONSTANT ? xi->value : xi->value * pow(t, xi->power);
}

double mf_schedule_clock(const mf_schedule *xi, double t) {
    assert(xi->kind != MF_SCHEDULE_CUSTOM);
    if (xi->kind == MF_SCHEDULE_CONSTANT)
        return xi->value * t;
    return xi->value * pow(t, 1 + xi->power) / (1 + xi->power);
}

double mf_schedule_time(const mf_schedule *xi, double tau) {
    assert(xi->kind != MF_SCHEDULE_CUSTOM);
    if (xi->kind == MF_SCHEDULE_CONSTANT)
        return tau / xi->value;
    return pow(tau * (1 + xi->power) / xi->value, 1 / (1 + xi->power));
}
