/* Written by tests/golden/math_polynomials.py: polynomials in double, highest power first. */
#ifndef TAPER_BACKEND_CPU_MATH_POLYNOMIALS_H
#define TAPER_BACKEND_CPU_MATH_POLYNOMIALS_H

#include <math.h>

#define TP__LN2_1 0x1.62e42fefa3800p-1
#define TP__LN2_2 0x1.ef35793c76730p-45
#define TP__LN2_HIGH 0x1.62e42fefa39efp-1
#define TP__LN2_LOW 0x1.abc9e3b39803fp-56
#define TP__PIO2_1 0x1.921fb54442d18p+0
#define TP__PIO2_2 0x1.1a62633145c07p-54
#define TP__PIO4_1 0x1.921fb54442d18p-1
#define TP__PIO4_2 0x1.1a62633145c07p-55
#define TP__3PIO4_1 0x1.2d97c7f3321d2p+1
#define TP__3PIO4_2 0x1.a79394c9e8a0ap-54
#define TP__LOG10_2_1 0x1.34413509f7800p-2
#define TP__LOG10_2_2 0x1.fef311f12b358p-46
#define TP__LOG10_E 0x1.bcb7b1526e50ep-2
#define TP__LOG2_E 0x1.71547652b82fep+0
#define TP__TWO_THIRDS_1 0x1.5555555555555p-1
#define TP__TWO_THIRDS_2 0x1.5555555555555p-55
#define TP__2_OVER_PI 0x1.45f306dc9c883p-1

/* (exp(x) - 1 - x) / x^2 for |x| <= ln(2) / 2. Relative error of the whole 2^-61. */
static inline double tp__poly_exp(double x)
{
    double p = 0x1.1f72fca335d17p-29;
    p = fma(p, x, 0x1.af4dddd8d7f8cp-26);
    p = fma(p, x, 0x1.27e4db679d0c0p-22);
    p = fma(p, x, 0x1.71de02372dd4ep-19);
    p = fma(p, x, 0x1.a01a01a6d787dp-16);
    p = fma(p, x, 0x1.a01a01abe63a9p-13);
    p = fma(p, x, 0x1.6c16c16c162d6p-10);
    p = fma(p, x, 0x1.11111111100dfp-7);
    p = fma(p, x, 0x1.5555555555556p-5);
    p = fma(p, x, 0x1.5555555555557p-3);
    p = fma(p, x, 0x1.0000000000000p-1);
    return p;
}

/* The same, for results in float. Relative error of the whole 2^-44. */
static inline double tp__poly_expf(double x)
{
    double p = 0x1.72ad3b2eaac22p-19;
    p = fma(p, x, 0x1.a136b0d27a3c5p-16);
    p = fma(p, x, 0x1.a019c371f2d18p-13);
    p = fma(p, x, 0x1.6c166be71cc85p-10);
    p = fma(p, x, 0x1.111111170adbdp-7);
    p = fma(p, x, 0x1.55555565c56bcp-5);
    p = fma(p, x, 0x1.5555555554f97p-3);
    p = fma(p, x, 0x1.fffffffffe069p-2);
    return p;
}

/* (2 atanh(s) / s - 2) / s^2 over x = s^2, |s| <= 3 - sqrt(8). Relative error of the whole 2^-57. */
static inline double tp__poly_log(double x)
{
    double p = 0x1.2b584c6b42d60p-3;
    p = fma(p, x, 0x1.39fe604146b74p-3);
    p = fma(p, x, 0x1.7462b4ac441afp-3);
    p = fma(p, x, 0x1.c71c62e57c3c4p-3);
    p = fma(p, x, 0x1.2492492df14bcp-2);
    p = fma(p, x, 0x1.99999999952e2p-2);
    p = fma(p, x, 0x1.5555555555558p-1);
    return p;
}

/* The same, for results in float. Relative error of the whole 2^-43. */
static inline double tp__poly_logf(double x)
{
    double p = 0x1.8c8c1378bf76ep-3;
    p = fma(p, x, 0x1.c67ad9ecb9497p-3);
    p = fma(p, x, 0x1.249323e501d94p-2);
    p = fma(p, x, 0x1.999998cafbbe2p-2);
    p = fma(p, x, 0x1.5555555564e97p-1);
    return p;
}

/* The same in float, for |s| <= 1 / 3. Relative error of the whole 2^-29. */
static inline float tp__poly_log1p_unit(float x)
{
    float p = 0x1.dba2600000000p-3f;
    p = fmaf(p, x, 0x1.bc8cf80000000p-3f);
    p = fmaf(p, x, 0x1.24c9260000000p-2f);
    p = fmaf(p, x, 0x1.9998d40000000p-2f);
    p = fmaf(p, x, 0x1.5555560000000p-1f);
    return p;
}

/* (that - 2/3) / s^2. Relative error of the whole 2^-66. */
static inline double tp__poly_log_tail(double x)
{
    double p = 0x1.e02d1cc03596ep-4;
    p = fma(p, x, 0x1.df7ce956c7572p-4);
    p = fma(p, x, 0x1.1118c749a1ccap-3);
    p = fma(p, x, 0x1.3b1395d4f2df4p-3);
    p = fma(p, x, 0x1.745d177a8f30dp-3);
    p = fma(p, x, 0x1.c71c71c6eaa8cp-3);
    p = fma(p, x, 0x1.2492492492521p-2);
    p = fma(p, x, 0x1.999999999999ap-2);
    return p;
}

/* (sin(r) / r - 1) / r^2 over x = r^2, |r| <= pi / 4. Relative error of the whole 2^-57. */
static inline double tp__poly_sin(double x)
{
    double p = -0x1.ab17d3ce9d15bp-41;
    p = fma(p, x, 0x1.61217f0b24037p-33);
    p = fma(p, x, -0x1.ae645412c4ecap-26);
    p = fma(p, x, 0x1.71de3a5460957p-19);
    p = fma(p, x, -0x1.a01a01a019938p-13);
    p = fma(p, x, 0x1.1111111111110p-7);
    p = fma(p, x, -0x1.5555555555555p-3);
    return p;
}

/* (cos(r) - 1 + r^2 / 2) / r^4 likewise. Relative error of the whole 2^-60. */
static inline double tp__poly_cos(double x)
{
    double p = -0x1.907da33638fbcp-37;
    p = fma(p, x, 0x1.1eeb68e8f6cdfp-29);
    p = fma(p, x, -0x1.27e4fa17d9c81p-22);
    p = fma(p, x, 0x1.a01a019f4eafdp-16);
    p = fma(p, x, -0x1.6c16c16c16967p-10);
    p = fma(p, x, 0x1.5555555555555p-5);
    return p;
}

/* (sin(r) / r - 1) / r^2, for results in float. Relative error of the whole 2^-45. */
static inline double tp__poly_sinf(double x)
{
    double p = -0x1.aa2857453d61fp-26;
    p = fma(p, x, 0x1.71d9a9f38ac40p-19);
    p = fma(p, x, -0x1.a019fd9b352ddp-13);
    p = fma(p, x, 0x1.1111110fd3d3ep-7);
    p = fma(p, x, -0x1.555555555516bp-3);
    return p;
}

/* (cos(r) - 1 + r^2 / 2) / r^4, for results in float. Relative error of the whole 2^-40. */
static inline double tp__poly_cosf(double x)
{
    double p = -0x1.25244df810869p-22;
    p = fma(p, x, 0x1.a015c47d0ad04p-16);
    p = fma(p, x, -0x1.6c16bf54e6bf0p-10);
    p = fma(p, x, 0x1.5555555502cf3p-5);
    return p;
}

/* (atan(t) / t - 1) / t^2 over x = t^2, |t| <= tan(pi / 8). Relative error of the whole 2^-58. */
static inline double tp__poly_atan(double x)
{
    double p = 0x1.0ad35c1edefbcp-6;
    p = fma(p, x, -0x1.1b33b2c14f38ep-5);
    p = fma(p, x, 0x1.74ddd18d3dae6p-5);
    p = fma(p, x, -0x1.ac7a9300192a8p-5);
    p = fma(p, x, 0x1.e19a13a7120bap-5);
    p = fma(p, x, -0x1.110e8809a7beep-4);
    p = fma(p, x, 0x1.3b1392d9dbcc6p-4);
    p = fma(p, x, -0x1.745d165df3918p-4);
    p = fma(p, x, 0x1.c71c71c304b46p-4);
    p = fma(p, x, -0x1.249249248d7eep-3);
    p = fma(p, x, 0x1.9999999999953p-3);
    p = fma(p, x, -0x1.5555555555555p-2);
    return p;
}

/* (sinh(u) / u - 1) / u^2 over x = u^2, |u| <= 1. Relative error of the whole 2^-56. */
static inline double tp__poly_sinh(double x)
{
    double p = 0x1.b41232cf9950fp-41;
    p = fma(p, x, 0x1.611cb330c1fe8p-33);
    p = fma(p, x, 0x1.ae6460fae3728p-26);
    p = fma(p, x, 0x1.71de3a4e14f40p-19);
    p = fma(p, x, 0x1.a01a01a01ee70p-13);
    p = fma(p, x, 0x1.11111111110fdp-7);
    p = fma(p, x, 0x1.5555555555555p-3);
    return p;
}

/* erf(u) / u - 1 over x = u^2, |u| <= 1. Relative error of the whole 2^-55. */
static inline double tp__poly_erf(double x)
{
    double p = 0x1.05ffd737fb32ep-34;
    p = fma(p, x, -0x1.389d4f2641625p-30);
    p = fma(p, x, 0x1.f7b4bf3b13964p-27);
    p = fma(p, x, -0x1.5f1ecb6f0764cp-23);
    p = fma(p, x, 0x1.b9df224ca4b97p-20);
    p = fma(p, x, -0x1.f4d1e3183f7aep-17);
    p = fma(p, x, 0x1.f9a321d5b8e1ep-14);
    p = fma(p, x, -0x1.c02db3dac435fp-11);
    p = fma(p, x, 0x1.565bcd0dbaa38p-8);
    p = fma(p, x, -0x1.b82ce31284e00p-6);
    p = fma(p, x, 0x1.ce2f21a042b30p-4);
    p = fma(p, x, -0x1.812746b0379e6p-2);
    p = fma(p, x, 0x1.06eba8214db69p-3);
    return p;
}

/* (1 + 2 u) exp(u^2) erfc(u) over x = (u - 2) / (u + 2), 0 <= u. Relative error of the whole 2^-53. */
static inline double tp__poly_erfc(double x)
{
    double p = -0x1.3f08717acf080p-31;
    p = fma(p, x, -0x1.02ebc6b514e24p-30);
    p = fma(p, x, 0x1.2484c80c03093p-28);
    p = fma(p, x, 0x1.4339e0c1f0fddp-27);
    p = fma(p, x, -0x1.3f3c5e8bf327ep-27);
    p = fma(p, x, -0x1.5220db80e2eb8p-25);
    p = fma(p, x, -0x1.2efd0b5fda14ap-26);
    p = fma(p, x, 0x1.27800ea8f6b2fp-24);
    p = fma(p, x, 0x1.35b350d8a80f2p-23);
    p = fma(p, x, 0x1.836a7e4c7ad1dp-24);
    p = fma(p, x, -0x1.06c766a751ecfp-22);
    p = fma(p, x, -0x1.ab9bdd1d82fc0p-21);
    p = fma(p, x, -0x1.7c9e1d0d9a54bp-21);
    p = fma(p, x, 0x1.8ddee53d5cc9fp-20);
    p = fma(p, x, 0x1.5f08fb2ccde44p-18);
    p = fma(p, x, 0x1.f335e255efcf5p-19);
    p = fma(p, x, -0x1.c4d34b710430cp-17);
    p = fma(p, x, -0x1.318fab3d57581p-15);
    p = fma(p, x, -0x1.9528aa85b8629p-20);
    p = fma(p, x, 0x1.3cc0c6c81bb39p-13);
    p = fma(p, x, 0x1.b0c884331abbcp-13);
    p = fma(p, x, -0x1.dc6933b7c9b63p-12);
    p = fma(p, x, -0x1.7de520f199456p-10);
    p = fma(p, x, 0x1.4d461d2fa5178p-10);
    p = fma(p, x, 0x1.1dd2ec909541dp-7);
    p = fma(p, x, -0x1.07423404811c2p-7);
    p = fma(p, x, -0x1.bc2b95619887ap-5);
    p = fma(p, x, 0x1.4ffa1e14e278fp-3);
    p = fma(p, x, -0x1.5407bebf32445p-3);
    p = fma(p, x, -0x1.7bf5ec1700631p-4);
    p = fma(p, x, 0x1.46e80e2277953p+0);
    return p;
}

/* erf(u) / u over x = u^2 - 8, |u| <= 4, for results in float. Relative error of the whole 2^-38. */
static inline double tp__poly_erff(double x)
{
    double p = -0x1.2bcaa50b10d86p-81;
    p = fma(p, x, 0x1.bc776ad31e4bep-77);
    p = fma(p, x, -0x1.bcf1ce0928958p-74);
    p = fma(p, x, 0x1.051075c9ab99ap-69);
    p = fma(p, x, -0x1.0654e39321f81p-64);
    p = fma(p, x, 0x1.399c103d51c8dp-60);
    p = fma(p, x, -0x1.3e0c75f8ad904p-56);
    p = fma(p, x, 0x1.4d9014bdd4451p-52);
    p = fma(p, x, -0x1.526260b83154ap-48);
    p = fma(p, x, 0x1.3ecd837936f89p-44);
    p = fma(p, x, -0x1.19f8295a7ffaap-40);
    p = fma(p, x, 0x1.d61512004ff62p-37);
    p = fma(p, x, -0x1.7036105d98834p-33);
    p = fma(p, x, 0x1.0ed6e7dbd8678p-29);
    p = fma(p, x, -0x1.76e853192f7d9p-26);
    p = fma(p, x, 0x1.ea97b97dcfa5fp-23);
    p = fma(p, x, -0x1.3215d94772f8fp-19);
    p = fma(p, x, 0x1.717efe43d8378p-16);
    p = fma(p, x, -0x1.b92e95bdf6ef4p-13);
    p = fma(p, x, 0x1.0dabaf0052545p-9);
    p = fma(p, x, -0x1.69a0ccda3fddcp-6);
    p = fma(p, x, 0x1.6a040781a7a57p-2);
    return p;
}

/* (Q(a) exp(a^2 / 2) / t - 0.5) / s over s = 0.3 a t, t = 1 / (1 + 0.3 a), a <= 15, where Q is the part of
 * the normal distribution beyond a. Relative error of the whole 2^-23. */
static inline float tp__poly_normal(float x)
{
    float p = 0x1.2b79ca0000000p-6f;
    p = fmaf(p, x, -0x1.08cbc40000000p-4f);
    p = fmaf(p, x, 0x1.dd91800000000p-5f);
    p = fmaf(p, x, 0x1.50aa960000000p-6f);
    p = fmaf(p, x, 0x1.2ea1420000000p-6f);
    p = fmaf(p, x, -0x1.1b702c0000000p-3f);
    p = fmaf(p, x, -0x1.4caed80000000p-4f);
    p = fmaf(p, x, 0x1.3c7f7a0000000p-1f);
    p = fmaf(p, x, -0x1.a8dc8a0000000p-1f);
    return p;
}

/* erfinv(u) / u over x = w - 3.125, w = -log(1 - u^2) <= 6.25. Relative error of the whole 2^-53. */
static inline double tp__poly_erfinv(double x)
{
    double p = -0x1.71e85cb7c66e7p-76;
    p = fma(p, x, -0x1.98901e99d9c27p-72);
    p = fma(p, x, 0x1.493dd47a7b686p-68);
    p = fma(p, x, 0x1.61fa58bed690ap-66);
    p = fma(p, x, -0x1.bed537ed97e92p-62);
    p = fma(p, x, 0x1.7997aa9237e9cp-61);
    p = fma(p, x, 0x1.2702e1128be12p-56);
    p = fma(p, x, -0x1.1ac450727647cp-53);
    p = fma(p, x, -0x1.97658b3d58e2ep-55);
    p = fma(p, x, 0x1.d63b2bb633bd2p-48);
    p = fma(p, x, -0x1.682f41a549495p-45);
    p = fma(p, x, -0x1.6ba68d1796bcfp-44);
    p = fma(p, x, 0x1.7231a3e48d582p-39);
    p = fma(p, x, -0x1.c8a5ab52e0019p-37);
    p = fma(p, x, -0x1.dc3e5172ac9cfp-35);
    p = fma(p, x, 0x1.20f53f519ed0ap-30);
    p = fma(p, x, -0x1.1a9eb3bfcd07cp-28);
    p = fma(p, x, -0x1.f36cee3c60d01p-26);
    p = fma(p, x, 0x1.c6b4f898a7553p-22);
    p = fma(p, x, -0x1.6e8a53ca14edfp-20);
    p = fma(p, x, -0x1.d1d1f7ca61a14p-17);
    p = fma(p, x, 0x1.879c2a20b13a0p-13);
    p = fma(p, x, -0x1.8457694835230p-11);
    p = fma(p, x, -0x1.8b6c33114ea71p-8);
    p = fma(p, x, 0x1.ebd80d9b13df9p-3);
    p = fma(p, x, 0x1.a755e7c99ae86p+0);
    return p;
}

/* The same over x = sqrt(w) - 3.25, 2.5 <= sqrt(w) <= 4. Relative error of the whole 2^-52. */
static inline double tp__poly_erfinv_middle(double x)
{
    double p = 0x1.07e3c2020286fp-27;
    p = fma(p, x, -0x1.06f1da245bfd3p-26);
    p = fma(p, x, -0x1.674f1725daa65p-26);
    p = fma(p, x, 0x1.1a9484c4d3628p-23);
    p = fma(p, x, -0x1.079a074d69940p-22);
    p = fma(p, x, -0x1.da75906425fdap-26);
    p = fma(p, x, 0x1.8db69feb41fb6p-20);
    p = fma(p, x, -0x1.0b79e820e8497p-18);
    p = fma(p, x, 0x1.899aa0e374402p-19);
    p = fma(p, x, 0x1.a241c6f237f34p-17);
    p = fma(p, x, -0x1.8cf463501e9a0p-15);
    p = fma(p, x, 0x1.1e6abbe66ca02p-14);
    p = fma(p, x, 0x1.932e8fd4360edp-16);
    p = fma(p, x, -0x1.7448bcc8e9aa7p-12);
    p = fma(p, x, 0x1.f3cc545d9ca81p-11);
    p = fma(p, x, -0x1.ba9240d8768c3p-10);
    p = fma(p, x, 0x1.468eeca944c44p-9);
    p = fma(p, x, -0x1.ebadabba02be5p-9);
    p = fma(p, x, 0x1.5ffcfe5b6cd38p-8);
    p = fma(p, x, 0x1.0158a6d641d55p+0);
    p = fma(p, x, 0x1.8abcc380d5a48p+1);
    return p;
}

/* The same over x = sqrt(w) - 5.125, 4 <= sqrt(w) <= 6.25. Relative error of the whole 2^-51. */
static inline double tp__poly_erfinv_far(double x)
{
    double p = -0x1.e06042f67b5ecp-41;
    p = fma(p, x, 0x1.06e12c3555c61p-38);
    p = fma(p, x, -0x1.4f4ac2a2b7232p-38);
    p = fma(p, x, -0x1.12a9930489b82p-37);
    p = fma(p, x, 0x1.1784aacfaa6c0p-34);
    p = fma(p, x, -0x1.1181a6d975081p-32);
    p = fma(p, x, 0x1.9456400bc40a5p-31);
    p = fma(p, x, -0x1.e58a6be989ff8p-30);
    p = fma(p, x, 0x1.f54fa1f1a0cc8p-29);
    p = fma(p, x, -0x1.df54b3a8c25ffp-28);
    p = fma(p, x, 0x1.f178df15e7e30p-27);
    p = fma(p, x, -0x1.64f3f1191101bp-25);
    p = fma(p, x, 0x1.6bb020416b17cp-23);
    p = fma(p, x, -0x1.ab7a471cd6eadp-21);
    p = fma(p, x, 0x1.f6fdca59b8f2dp-19);
    p = fma(p, x, -0x1.16550eafaefe1p-16);
    p = fma(p, x, 0x1.0f552c18c01acp-14);
    p = fma(p, x, -0x1.795c0dd30d633p-13);
    p = fma(p, x, -0x1.bdda7d4c12165p-13);
    p = fma(p, x, 0x1.02a027c1f336ep+0);
    p = fma(p, x, 0x1.3e79eb73b06f4p+2);
    return p;
}

/* 2^(8 i) 2 / pi modulo 4, within 2 of 0, is the sum of four parts of about 42, 42, 42 and 53 bits. */
static const double tp__turns_0[122] = {
    0x1.45f306dc9c800p-1,  -0x1.067c91b1bc000p+0, 0x1.836e4e4415400p+0,  -0x1.236377d5ac000p-1,
    -0x1.b1bbead603c00p+0, -0x1.bbead603d8c00p+0, 0x1.529fc2757c000p-4,  0x1.29fc2757d2000p+0,
    0x1.fc2757d1f5400p+0,  0x1.3abe8fa9a6000p-3,  -0x1.505c159644800p-1, -0x1.70565911fa000p-3,
    0x1.f534ddc0db800p+0,  0x1.34ddc0db62800p+0,  0x1.bb81b6c52b000p-1,  0x1.c0db629599400p+0,
    0x1.b6c52b3278800p-1,  -0x1.3ad4cd8779000p-1, -0x1.6a66c3bc6fc00p+0, 0x1.993c439042000p+0,
    0x1.3c439041fe400p+0,  0x1.0e4107f946000p-2,  -0x1.bef806ba71000p-2, 0x1.07f9458eaf000p-2,
    0x1.fe5163abdec00p+0,  -0x1.ae9c542144400p+0, 0x1.63abdebbc5800p+0,  -0x1.508510ea79000p-2,
    -0x1.0a21d4f246000p-3, -0x1.443a9e48db800p+0, -0x1.d4f246dc8e000p-3, 0x1.61b7246e3a400p+0,
    0x1.b7246e3a42400p+0,  -0x1.b7238b7b64800p-1, 0x1.b8e909374c000p-2,  -0x1.c5bdb22d20000p+0,
    -0x1.bdb22d1ff9c00p+0, -0x1.b22d1ff9b6c00p+0, 0x1.d2e006492f000p+0,  -0x1.1ff9b6d116000p+0,
    0x1.924bba8270000p-6,  -0x1.b6d115f62e800p+0, 0x1.2eea09d192000p+0,  -0x1.15f62e6de3000p+0,
    -0x1.f62e6de302000p+0, 0x1.d1921cfe1e000p+0,  0x1.921cfe1deb000p+0,  -0x1.e301e214e3400p+0,
    0x1.fc3bd63962800p-1,  -0x1.e214e34ed6400p+0, 0x1.eb1cb129a7400p+0,  -0x1.c69dacb182000p-1,
    0x1.62534e7dd1000p-1,  0x1.29a73ee882400p+0,  0x1.a73ee88236000p+0,  -0x1.822efb9415800p-1,
    -0x1.177dca0ad1400p+0, 0x1.046bea5d76800p-1,  -0x1.ca0ad144bb800p+0, 0x1.f52ebb4485000p+0,
    0x1.2ebb4484e9800p+0,  -0x1.44bb7b1663800p+0, -0x1.76f62cc71f800p-1, 0x1.09d338e04d800p-1,
    0x1.d338e04d68800p-1,  0x1.9c7026b45f800p+0,  0x1.c09ad17df9000p-2,  0x1.35a2fbf20a000p-3,
    -0x1.4ba081bec6800p+0, 0x1.7df904e647000p-2,  -0x1.037d8cdc53800p-1, -0x1.bec66e29c6800p+0,
    0x1.3991d63983400p+0,  0x1.91d6398353400p+0,  0x1.d63983533a000p+0,  -0x1.c67cacc60b800p+0,
    0x1.835339f49c800p+0,  -0x1.598c16c6f7800p-1, -0x1.8c16c6f741000p-1, 0x1.f49c845f8bc00p+0,
    0x1.3908bf177c000p-1,  0x1.08bf177bf2800p-1,  0x1.7e2ef7e4a1000p-2,  -0x1.d1081b5f14000p-2,
    -0x1.081b5f1380000p-2, 0x1.f9283b1ff8800p+0,  0x1.283b1ff898000p+0,  0x1.d8ffc4bffe000p-3,
    -0x1.c00ed00044000p-1, -0x1.da00087ea0000p-6, 0x1.2fffbc0b30000p-1,  -0x1.0fd33f8000000p-11,
    -0x1.0fd33f8086000p-3, -0x1.fa67f010d1000p+0, 0x1.980fef2f11800p+0,  0x1.fde5e23168000p-5,
    -0x1.0d0ee74a60000p-4, -0x1.a1dce94beb000p-1, -0x1.dce94beb26000p-1, 0x1.8b5a0a6d1f800p+0,
    -0x1.4beb25c125800p-1, -0x1.f592e092c9800p+0, -0x1.92e092c981400p+0, 0x1.1f6d367ecf400p+0,
    -0x1.25930261b0800p-1, 0x1.367ecf27cb000p+0,  -0x1.8130d834f6400p+0, -0x1.30d834f648c00p+0,
    -0x1.b069ec9161800p-1, -0x1.a7b24585ce000p-3, -0x1.ec91617381000p-1, 0x1.b74f463f66800p+0,
    -0x1.61738132c3800p-1, -0x1.738132c340000p-1, -0x1.c09961a015c00p+0, -0x1.32c3402ba5000p-1,
    -0x1.61a015d28ac00p+0, -0x1.a015d28ad8400p+0, -0x1.5d28ad8454000p-4, -0x1.d28ad84538000p+0,
    0x1.7527bac7ec000p+0,  0x1.27bac7ebe6000p+0,
};
static const double tp__turns_1[122] = {
    0x1.054a7f09d4000p-46,  0x1.529fc2757d000p-44,  -0x1.603d8a82e1000p-44, -0x1.ec54170568000p-47,
    -0x1.8a82e0acb2000p-44, 0x1.7d1f534ddc000p-44,  0x1.1f534ddc0e000p-44,  -0x1.596447e494000p-45,
    -0x1.6447e493ae000p-45, 0x1.dc0db6295a000p-44,  0x1.b6c52b3280000p-49,  0x1.b6295993c4000p-44,
    -0x1.d6a66c3bc7000p-44, 0x1.5993c43904000p-44,  0x1.93c4390420000p-44,  -0x1.de37df00d8000p-47,
    0x1.c820ff28b0000p-47,  0x1.041fe5163b000p-44,  0x1.fe5163abe0000p-48,  -0x1.ae9c542140000p-48,
    0x1.163abdebbc000p-44,  -0x1.c5421443aa000p-44, -0x1.421443a9e5000p-44, 0x1.ebbc561b72000p-44,
    -0x1.0ea79236e4000p-46, 0x1.586dc91b90000p-46,  -0x1.e48db91c5c000p-44, -0x1.1b7238b7b6000p-45,
    -0x1.b91c5bdb23000p-44, -0x1.1c5bdb22d2000p-44, -0x1.6f6c8b4800000p-46, 0x1.26e9700328000p-47,
    0x1.ba5c00c926000p-45,  0x1.2e006492ef000p-44,  -0x1.ff9b6d115f000p-44, 0x1.924bba8274000p-46,
    0x1.25dd413a32000p-45,  -0x1.115f62e6de000p-44, -0x1.5f62e6de30000p-44, 0x1.3a32439fc4000p-45,
    0x1.1921cfe1df000p-44,  0x1.21cfe1deb2000p-44,  0x1.cfe1deb1cb000p-44,  -0x1.e214e34ed0000p-48,
    0x1.deb1cb129a000p-44,  -0x1.4e34ed658c000p-44, 0x1.cb129a73ef000p-44,  -0x1.dacb1822f0000p-45,
    -0x1.658c1177dd000p-44, -0x1.8c1177dca1000p-44, -0x1.177dca0ad0000p-48, -0x1.77dca0ad14000p-44,
    0x1.1afa975da0000p-47,  -0x1.415a289770000p-45, -0x1.5a28976f62000p-45, -0x1.144bb7b166000p-44,
    -0x1.2edec598e4000p-46, 0x1.213a671c08000p-46,  0x1.3a671c09ac000p-46,  -0x1.6638fd94ba000p-44,
    0x1.c7026b45f8000p-44,  -0x1.fb29741038000p-45, -0x1.94ba081bec000p-44, -0x1.741037d8ce000p-45,
    0x1.f7e413991d000p-44,  -0x1.bec66e29c0000p-48, 0x1.3991d63980000p-48,  -0x1.9b8a719f2c000p-46,
    0x1.1d63983534000p-44,  0x1.639835339f000p-44,  -0x1.9f2b3182d8000p-46, 0x1.a99cfa4e40000p-47,
    0x1.339f49c846000p-44,  -0x1.82d8dee81c000p-46, -0x1.6c6f740e88000p-45, 0x1.c845f8bbe0000p-44,
    0x1.17e2ef7e4c000p-46,  0x1.f8bbdf9284000p-44,  0x1.77bf250764000p-45,  -0x1.036be27000000p-47,
    -0x1.b5f13801dc000p-46, -0x1.7c4e007680000p-44, -0x1.3801da0008000p-46, 0x1.ff897ffde0000p-44,
    -0x1.da00087e98000p-46, 0x1.7ffde05981000p-44,  -0x1.0fd33f8080000p-51, 0x1.e05980fef3000p-44,
    0x1.6603fbcbc4000p-46,  0x1.80fef2f119000p-44,  0x1.fde5e2316c000p-45,  -0x1.0d0ee74a5f000p-44,
    -0x1.0ee74a5f59000p-44, 0x1.18b5a0a6d2000p-44,  0x1.6b414da3ee000p-45,  0x1.a0a6d1f6d3000p-44,
    0x1.4da3eda6d0000p-45,  -0x1.2e092c9813000p-44, 0x1.f6d367ecf2000p-44,  -0x1.2c98130d83000p-44,
    -0x1.30261b069e000p-45, -0x1.30d834f650000p-48, 0x1.e4f96136ea000p-45,  -0x1.834f648b0c000p-44,
    0x1.6136e9e8c8000p-45,  0x1.36e9e8c7ec000p-45,  -0x1.161738132c000p-45, 0x1.e8c7ecd3cc000p-45,
    0x1.8fd9a797fc000p-46,  -0x1.32c3402ba0000p-49, -0x1.961a015d29000p-44, 0x1.e5fea2d752000p-44,
    0x1.fea2d7527c000p-44,  -0x1.5d28ad8454000p-44, -0x1.28ad845381000p-44, -0x1.5b08a70284000p-45,
    -0x1.84538141a1000p-44, -0x1.4e050683a0000p-46, 0x1.faf97c5ed0000p-46,  -0x1.41a0e84c30000p-44,
    -0x1.a0e84c2f8c000p-44, -0x1.d0985f18c2000p-45,
};
static const double tp__turns_2[122] = {
    0x1.f47d4d3770000p-86,  0x1.f534ddc0dc000p-88,  0x1.4d377036d9000p-86,  0x1.377036d8a5000p-86,
    -0x1.1f924eb534000p-87, 0x1.b6c52b3278000p-89,  -0x1.275a99b0ef000p-86, 0x1.4acc9e21c8000p-87,
    0x1.664f10e410000p-86,  -0x1.b0ef1bef80000p-86, -0x1.de37df00d8000p-87, 0x1.c820ff28b2000p-87,
    0x1.07f9458eb0000p-90,  0x1.fe5163abe0000p-88,  -0x1.ae9c542144000p-88, 0x1.63abdebbc4000p-88,
    0x1.d5ef5de2b0000p-87,  -0x1.08510ea792000p-86, -0x1.443a9e48dc000p-88, -0x1.0ea79236e4000p-86,
    0x1.586dc91b8f000p-86,  0x1.b7246e3a44000p-88,  0x1.c91b8e9093000p-86,  0x1.1b8e909375000p-86,
    -0x1.c5bdb22d20000p-88, -0x1.6f6c8b47fe000p-86, 0x1.26e9700324000p-87,  -0x1.168ffcdb68000p-87,
    0x1.7003249776000p-87,  0x1.924bba8200000p-94,  0x1.924bba8274000p-86,  -0x1.b4457d8b9b000p-86,
    -0x1.15f62e6de4000p-88, -0x1.7d8b9b78c0000p-86, -0x1.8b9b78c079000p-86, 0x1.921cfe1dec000p-88,
    0x1.0e7f0ef58e000p-87,  -0x1.80f10a71a8000p-87, -0x1.e214e34ed8000p-88, -0x1.0a71a76b2c000p-87,
    -0x1.38d3b59630000p-86, -0x1.a76b2c608c000p-87, 0x1.29a73ee884000p-88,  -0x1.963045df73000p-86,
    0x1.cfba208d7d000p-86,  -0x1.177dca0ad0000p-88, -0x1.df7282b451000p-86, 0x1.1afa975da2000p-87,
    0x1.7d4baed121000p-86,  0x1.4baed1213a000p-86,  -0x1.44bb7b1664000p-88, -0x1.2edec598e4000p-86,
    0x1.213a671c0a000p-86,  0x1.3a671c09ad000p-86,  -0x1.98e3f652e8000p-86, -0x1.c7eca5d040000p-87,
    0x1.35a2fbf200000p-91,  0x1.ad17df904e000p-86,  0x1.17df904e64000p-86,  -0x1.037d8cdc50000p-89,
    -0x1.bec66e29c8000p-88, 0x1.3991d63984000p-88,  -0x1.9b8a719f2b000p-86, 0x1.d639835338000p-88,
    0x1.8e60d4ce7d000p-86,  -0x1.9f2b3182d9000p-86, 0x1.a99cfa4e42000p-87,  0x1.9cfa4e4230000p-87,
    -0x1.82d8dee81d000p-86, 0x1.272117e2ef000p-86,  -0x1.bdd03a2104000p-87, 0x1.17e2ef7e4a000p-86,
    -0x1.d1081b5f10000p-90, -0x1.1081b5f138000p-86, -0x1.036be27004000p-87, -0x1.b5f13801da000p-86,
    -0x1.f13801da00000p-86, -0x1.3801da0008000p-86, -0x1.da00087f00000p-94, -0x1.da00087e9a000p-86,
    0x1.fff7816604000p-86,  -0x1.0fd33f8080000p-91, -0x1.fa67f010d0000p-88, 0x1.6603fbcbc4000p-86,
    -0x1.fc04343b9d000p-86, -0x1.0d0ee74a40000p-92, -0x1.a1dce94be8000p-89, -0x1.dce94beb28000p-89,
    0x1.8b5a0a6d20000p-88,  -0x1.297d64b825000p-86, -0x1.7d64b824b2000p-86, -0x1.64b824b260000p-86,
    -0x1.704964c098000p-87, -0x1.25930261b0000p-89, -0x1.64c0986c1a000p-87, 0x1.9fb3c9f2c2000p-86,
    -0x1.30d834f648000p-88, -0x1.b069ec9160000p-89, 0x1.f2c26dd3d2000p-86,  -0x1.3d922c2e70000p-86,
    -0x1.922c2e7026000p-86, 0x1.d3d18fd9a8000p-86,  -0x1.738132c340000p-89, 0x1.8fd9a797fb000p-86,
    -0x1.32c3402ba8000p-89, 0x1.a797fa8b5d000p-86,  -0x1.a015d28ad8000p-88, -0x1.5d28ad8440000p-92,
    -0x1.74a2b6114e000p-86, -0x1.456c229c0a000p-87, 0x1.49eeb1faf9000p-86,  0x1.eeb1faf97c000p-86,
    -0x1.4e050683a1000p-86, 0x1.faf97c5ecf000p-86,  -0x1.0683a130be000p-86, 0x1.7c5ecf41ce000p-86,
    0x1.7b3d0739f8000p-88,  -0x1.30be31821d000p-86, -0x1.7c63043ad6000p-87, 0x1.ce7de294a5000p-86,
    -0x1.821d6b5b45000p-86, 0x1.e294a4ba9b000p-86,
};
static const double tp__turns_3[122] = {
    0x1.b6c52b3278872p-129,  -0x1.3ad4cd8778df8p-129, -0x1.6a66c3bc6fbe0p-128, 0x1.993c439041fe5p-128,
    0x1.3c439041fe516p-128,  0x1.0e4107f9458ebp-130,  -0x1.bef806ba71508p-130, 0x1.07f9458eaf7afp-130,
    0x1.fe5163abdebbcp-128,  -0x1.ae9c5421443aap-128, 0x1.63abdebbc561bp-128,  -0x1.508510ea79237p-130,
    -0x1.0a21d4f246dc9p-131, -0x1.443a9e48db91cp-128, -0x1.d4f246dc8e2dfp-131, 0x1.61b7246e3a425p-128,
    0x1.b7246e3a424ddp-128,  -0x1.b7238b7b645a4p-129, 0x1.b8e909374b802p-130,  -0x1.c5bdb22d1ff9bp-128,
    -0x1.bdb22d1ff9b6dp-128, -0x1.b22d1ff9b6d11p-128, 0x1.d2e006492eea1p-128,  -0x1.1ff9b6d115f63p-128,
    0x1.924bba8274648p-134,  -0x1.b6d115f62e6dep-128, 0x1.2eea09d1921d0p-128,  -0x1.15f62e6de301ep-128,
    -0x1.f62e6de301e21p-128, 0x1.d1921cfe1deb2p-128,  0x1.921cfe1deb1cbp-128,  -0x1.e301e214e34edp-128,
    0x1.fc3bd63962535p-129,  -0x1.e214e34ed658cp-128, 0x1.eb1cb129a73efp-128,  -0x1.c69dacb1822f0p-129,
    0x1.62534e7dd1047p-129,  0x1.29a73ee88235fp-128,  0x1.a73ee88235f53p-128,  -0x1.822efb9415a29p-129,
    -0x1.177dca0ad144cp-128, 0x1.046bea5d76891p-129,  -0x1.ca0ad144bb7b1p-128, 0x1.f52ebb4484e9ap-128,
    0x1.2ebb4484e99c7p-128,  -0x1.44bb7b16638fep-128, -0x1.76f62cc71fb29p-129, 0x1.09d338e04d68cp-129,
    0x1.d338e04d68bf0p-129,  0x1.9c7026b45f7e4p-128,  0x1.c09ad17df904ep-130,  0x1.35a2fbf209cc9p-131,
    -0x1.4ba081bec66e3p-128, 0x1.7df904e64758ep-130,  -0x1.037d8cdc538d0p-129, -0x1.bec66e29c67cbp-128,
    0x1.3991d63983534p-128,  0x1.91d639835339fp-128,  0x1.d639835339f4ap-128,  -0x1.c67cacc60b638p-128,
    0x1.835339f49c846p-128,  -0x1.598c16c6f740fp-129, -0x1.8c16c6f740e88p-129, 0x1.f49c845f8bbe0p-128,
    0x1.3908bf177bf25p-129,  0x1.08bf177bf2507p-129,  0x1.7e2ef7e4a0ec8p-130,  -0x1.d1081b5f13802p-130,
    -0x1.081b5f13801dap-130, 0x1.f9283b1ff8980p-128,  0x1.283b1ff897ffep-128,  0x1.d8ffc4bffef03p-131,
    -0x1.c00ed00043f4dp-129, -0x1.da00087e99fc0p-134, 0x1.2fffbc0b301fep-129,  -0x1.0fd33f8086877p-139,
    -0x1.0fd33f8086877p-131, -0x1.fa67f010d0ee7p-128, 0x1.980fef2f118b6p-128,  0x1.fde5e2316b415p-133,
    -0x1.0d0ee74a5f593p-132, -0x1.a1dce94beb25cp-129, -0x1.dce94beb25c12p-129, 0x1.8b5a0a6d1f6d3p-128,
    -0x1.4beb25c125930p-129, -0x1.f592e092c9813p-128, -0x1.92e092c98130ep-128, 0x1.1f6d367ecf27dp-128,
    -0x1.25930261b069fp-129, 0x1.367ecf27cb09bp-128,  -0x1.8130d834f648bp-128, -0x1.30d834f648b0cp-128,
    -0x1.b069ec9161738p-129, -0x1.a7b24585ce04dp-131, -0x1.ec9161738132cp-129, 0x1.b74f463f669e6p-128,
    -0x1.61738132c3403p-129, -0x1.738132c3402bap-129, -0x1.c09961a015d29p-128, -0x1.32c3402ba515bp-129,
    -0x1.61a015d28ad84p-128, -0x1.a015d28ad8454p-128, -0x1.5d28ad8453814p-132, -0x1.d28ad84538142p-128,
    0x1.7527bac7ebe5fp-128,  0x1.27bac7ebe5f18p-128,  -0x1.14e050683a131p-130, -0x1.38141a0e84c30p-128,
    -0x1.41a0e84c2f8c6p-132, -0x1.a0e84c2f8c608p-132, 0x1.f17b3d0739f79p-128,  0x1.7b3d0739f78a5p-128,
    -0x1.85f18c10eb5aep-129, 0x1.0739f78a5292fp-128,  -0x1.8c10eb5ada2b3p-129, 0x1.f78a5292ea6c0p-128,
    -0x1.d6b5b45650128p-130, -0x1.ad6d159404a05p-128, -0x1.6d159404a04eep-128, -0x1.159404a04ee07p-128,
    -0x1.9404a04ee072ap-128, -0x1.2813b81ca8bdfp-134,
};

#endif
