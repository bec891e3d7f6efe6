/* schedule.c: constant and power-law step schedules in closed form. */
#include "schedule.h"

#include <math.h>

const char *const mf_schedule_names[] = {[MF_SCHEDULE_CONSTANT] = "constant",
                                         [MF_SCHEDULE_POWER] = "power",
                                         [MF_SCHEDULE_CUSTOM] = "custom",
                                         [MF_SCHEDULE_CUSTOM + 1] = NULL};

void mf_schedule_save(const mf_schedule *xi, mf_fields_writer *to) {
    mf_fields_text(to, "xi", mf_schedule_names[xi->kind]);
    mf_fields_double(to, "xi value", xi->value);
    mf_fields_double(to, "xi power", xi->power);
}

void mf_schedule_load(mf_schedule *xi, mf_fields *from) {
    xi->kind = (mf_schedule_kind)mf_fields_choice(from, "xi", mf_schedule_names);
    xi->value = mf_fields_number(from, "xi value", 0x1p-1074, 0x1p1023);
    xi->power = mf_fields_number(from, "xi power", -1 + 0x1p-53, 0x1p1023);
}

double mf_schedule_xi(const mf_schedule *xi, double t) {
    if (xi->kind == MF_SCHEDULE_CUSTOM)
        return NAN;
    return xi->kind == MF_SCHEDULE_CONSTANT ? xi->value : xi->value * pow(t, xi->power);
}

double mf_schedule_clock(const mf_schedule *xi, double t) {
    if (xi->kind == MF_SCHEDULE_CUSTOM)
        return NAN;
    if (xi->kind == MF_SCHEDULE_CONSTANT)
        return xi->value * t;
    return xi->value * pow(t, 1 + xi->power) / (1 + xi->power);
}

double mf_schedule_time(const mf_schedule *xi, double tau) {
    if (xi->kind == MF_SCHEDULE_CUSTOM)
        return NAN;
    if (xi->kind == MF_SCHEDULE_CONSTANT)
        return tau / xi->value;
    return pow(tau * (1 + xi->power) / xi->value, 1 / (1 + xi->power));
}

static double interpolate(const mf_pace *pace, double clock) {
    size_t low = 0, high = pace->n - 1;
    if (clock <= pace->clock[low])
        return pace->xi[low];
    if (clock >= pace->clock[high])
        return pace->xi[high];
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        *(pace->clock[middle] <= clock ? &low : &high) = middle;
    }
    double share = (clock - pace->clock[low]) / (pace->clock[high] - pace->clock[low]);
    return pace->xi[low] + share * (pace->xi[high] - pace->xi[low]);
}

double mf_pace_xi(const mf_pace *pace, double clock) {
    clock = fmax(clock, pace->first);
    if (pace->schedule.kind == MF_SCHEDULE_CUSTOM)
        return interpolate(pace, clock);
    return mf_schedule_xi(&pace->schedule, mf_schedule_time(&pace->schedule, clock));
}
