/* special.h: functions of the C library that several threads may call at once. */
#ifndef MF_SPECIAL_H
#define MF_SPECIAL_H

#include <math.h>

/* log |Gamma(x)|; lgamma itself writes the sign into a global. */
static inline double mf_lgamma(double x) {
    int sign;
    return lgamma_r(x, &sign);
}

#endif
