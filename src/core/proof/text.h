/* text.h: balls and places as texts of a result. */
#ifndef MF_PROOF_TEXT_H
#define MF_PROOF_TEXT_H

#include "box.h"

/* "[middle +/- radius]" with as many digits as `bits` give, MF_BALL_TEXT bytes at most. */
void mf_ball_text(char *text, const arb_t x, slong bits);

/* "inf", a radius or "[low, high]", in MF_PLACE_TEXT bytes; rounded, for the eye. */
void mf_place_text(char *text, mf_box box);

#endif
