// High dynamic range to 8-bit BT.709.
#include <math.h>
#include <pthread.h>

#include "internal.h"

// Light is in units of reference white, 203 cd/m² (ITU-R BT.2408): what is as bright as in other videos looks as there.
// Up to the knee it stays as it is; above, up to 1,000 cd/m², it is compressed so that highlights keep their form.
static const double white = 203, peak = 1000.0 / 203, knee = 0.7;

enum { entries = 4096 };

static float pq_light[65536], hlg_light[65536];
static float signal[entries + 1];  // what a display of Rec. ITU-R BT.1886 (gamma 2.4) makes light of, by its root, 0 to 1

// Rec. ITU-R BT.2100, table 4: the PQ EOTF, in cd/m².
static double pq(double e) {
  const double m1 = 2610.0 / 16384, m2 = 2523.0 / 4096 * 128, c1 = 3424.0 / 4096, c2 = 2413.0 / 4096 * 32, c3 = 2392.0 / 4096 * 32;
  double p = pow(e, 1 / m2), up = p - c1;
  return up <= 0 ? 0 : 10000 * pow(up / (c2 - c3 * p), 1 / m1);
}

// Rec. ITU-R BT.2100, table 5: the inverse of HLG's OETF, scene light of 0 to 1.
static double hlg(double e) {
  const double a = 0.17883277, b = 1 - 4 * a, c = 0.5 - a * log(4 * a);
  return e <= 0.5 ? e * e / 3 : (exp((e - c) / a) + b) / 12;
}

static void make_tables(void) {
  for (int i = 0; i < 65536; i++) {
    pq_light[i] = pq(i / 65535.0) / white;
    hlg_light[i] = hlg(i / 65535.0);
  }
  for (int i = 0; i <= entries; i++) signal[i] = pow((double)i / entries, 2 / 2.4);
}

// compressed is the brightness that is shown for x: x itself up to the knee k, then the fraction of linear functions
// with the slope 1 at k and the value 1 at the peak.
static float compressed(float x) {
  if (x <= knee) return x;
  // y = 1 - (1-k)·u with u falling from 1 at the knee to 0 at the peak: u = (p-x) / ((p-k) + s·(x-k)), where the slope
  // of y at the knee, (1-k)·(1+s)/(p-k), is 1.
  const float k = knee, p = peak, s = (p - k) / (1 - k) - 1;
  if (x >= p) return 1;
  return 1 - (1 - k) * (p - x) / ((p - k) + s * (x - k));
}

static float coded(float light) {
  if (light <= 0) return 0;
  if (light >= 1) return 1;
  float at = sqrtf(light) * entries;
  int i = (int)at;
  return signal[i] + (at - i) * (signal[i + 1] - signal[i]);
}

static uint8_t level(float v) { return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)(v + 0.5f); }

void from_hdr(const AVFrame *rgb, int is_hlg, AVFrame *out) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_tables);
  const float *light = is_hlg ? hlg_light : pq_light;
  for (int y = 0; y < rgb->height; y++) {
    const uint16_t *in = (const uint16_t *)(rgb->data[0] + (ptrdiff_t)y * rgb->linesize[0]);
    uint8_t *oy = out->data[0] + (ptrdiff_t)y * out->linesize[0], *ou = out->data[1] + (ptrdiff_t)y * out->linesize[1], *ov = out->data[2] + (ptrdiff_t)y * out->linesize[2];
    for (int x = 0; x < rgb->width; x++, in += 3) {
      float r = light[in[0]], g = light[in[1]], b = light[in[2]];
      if (is_hlg) {
        // The OOTF of a display of 1,000 cd/m²: its gamma is 1.2 (BT.2100, table 5).
        float luma = 0.2627f * r + 0.6780f * g + 0.0593f * b, gain = luma > 0 ? peak * powf(luma, 0.2f) : 0;
        r *= gain, g *= gain, b *= gain;
      }
      // From BT.2020's primaries to BT.709's (Rec. ITU-R BT.2087, the inverse of its matrix).
      float r7 = 1.6605f * r - 0.5876f * g - 0.0728f * b, g7 = -0.1246f * r + 1.1329f * g - 0.0083f * b, b7 = -0.0182f * r - 0.1006f * g + 1.1187f * b;
      float most = r7 > g7 ? r7 : g7;
      if (b7 > most) most = b7;
      if (most > knee) {
        float gain = compressed(most) / most;  // one factor, so that colours keep their hue
        r7 *= gain, g7 *= gain, b7 *= gain;
      }
      float er = coded(r7), eg = coded(g7), eb = coded(b7);
      float l = 0.2126f * er + 0.7152f * eg + 0.0722f * eb;
      oy[x] = level(16 + 219 * l);
      ou[x] = level(128 + 224 * (eb - l) / 1.8556f);
      ov[x] = level(128 + 224 * (er - l) / 1.5748f);
    }
  }
}
