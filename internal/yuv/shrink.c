#include "rows.h"

// The mean of areas of one plane. sums has as many values as a row of the plane.
YUV_CLONES void yuv_shrink(const uint8_t *plane, ptrdiff_t stride, int step, int w, int h, const yuv_span *columns, const yuv_span *rows,
	uint32_t *restrict sums, uint8_t *dst) {
	const int left = columns[0].first, n = columns[w - 1].first + columns[w - 1].count - left;
	for (int y = 0; y < h; y++) {
		memset(sums, 0, n * sizeof *sums);
		uint32_t height = 0;
		for (int k = 0; k < rows[y].count; k++) {
			const uint8_t *restrict from = plane + (rows[y].first + k) * stride + (ptrdiff_t)left * step;
			const uint32_t weight = k == 0 ? rows[y].weight_first : k == rows[y].count - 1 ? rows[y].weight_last : 256;
			height += weight;
			if (step == 2) {
				for (int x = 0; x < n; x++) sums[x] += weight * from[2 * x];
			} else {
				for (int x = 0; x < n; x++) sums[x] += weight * from[x];
			}
		}
		for (int x = 0; x < w; x++) {
			const uint32_t *from = sums + columns[x].first - left;
			const int last = columns[x].count - 1;
			uint64_t sum = (uint64_t)from[0] * columns[x].weight_first;
			uint64_t width = columns[x].weight_first;
			if (last > 0) {
				uint64_t inner = 0;
				for (int k = 1; k < last; k++) inner += from[k];
				sum += 256 * inner + (uint64_t)from[last] * columns[x].weight_last;
				width += 256 * (uint64_t)(last - 1) + columns[x].weight_last;
			}
			const uint64_t area = width * height;
			dst[(ptrdiff_t)y * w + x] = (uint8_t)((sum + area / 2) / area);
		}
	}
}
