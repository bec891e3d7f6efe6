/* text.c: balls and places as texts. */
#include "text.h"

#include <stdio.h>

void mf_ball_text(char *text, const arb_t x, slong bits) {
    slong digits = (slong)((double)bits * 0.30103) + 4;
    char *s = arb_get_str(x, digits < 50 ? digits : 50, 0);
    snprintf(text, MF_BALL_TEXT, "%s", s);
    flint_free(s);
}

void mf_place_text(char *text, mf_box box) {
    if (box.chart == MF_FAR && box.low == 0)
        snprintf(text, MF_PLACE_TEXT, box.high == 0 ? "inf" : "[%.17g, inf]", 1 / box.high);
    else if (box.low == box.high)
        snprintf(text, MF_PLACE_TEXT, "%.17g", box.chart == MF_NEAR ? box.low : 1 / box.low);
    else if (box.chart == MF_NEAR)
        snprintf(text, MF_PLACE_TEXT, "[%.17g, %.17g]", box.low, box.high);
    else
        snprintf(text, MF_PLACE_TEXT, "[%.17g, %.17g]", 1 / box.high, 1 / box.low);
}
