#include "textflag.h"

// Eight 16-bit or four 32-bit values each.
DATA byFour<>+0(SB)/8, $0x1fff1fff1fff1fff
DATA byFour<>+8(SB)/8, $0x1fff1fff1fff1fff
GLOBL byFour<>(SB), RODATA|NOPTR, $16
DATA byTwo<>+0(SB)/8, $0x3fff3fff3fff3fff
DATA byTwo<>+8(SB)/8, $0x3fff3fff3fff3fff
GLOBL byTwo<>(SB), RODATA|NOPTR, $16
DATA rounding<>+0(SB)/8, $0x0000400000004000
DATA rounding<>+8(SB)/8, $0x0000400000004000
GLOBL rounding<>(SB), RODATA|NOPTR, $16
DATA real<>+0(SB)/8, $0x0000ffff0000ffff
DATA real<>+8(SB)/8, $0x0000ffff0000ffff
GLOBL real<>(SB), RODATA|NOPTR, $16
DATA imaginary<>+0(SB)/8, $0xffff0000ffff0000
DATA imaginary<>+8(SB)/8, $0xffff0000ffff0000
GLOBL imaginary<>(SB), RODATA|NOPTR, $16

// In what follows X12 to X15 are imaginary, real, rounding, and byFour or byTwo.
#define CONSTANTS(scale) \
	MOVOU imaginary<>(SB), X12; \
	MOVOU real<>(SB), X13;      \
	MOVOU rounding<>(SB), X14;  \
	MOVOU scale<>(SB), X15

// TIMES multiplies the four complex numbers of v by the factors at real and imag, rounded. s and w are lost.
#define TIMES(v, s, w, real, imag) \
	MOVOU   v, s;    \
	MOVOU   real, w; \
	PMADDWL w, v;    \
	MOVOU   imag, w; \
	PMADDWL w, s;    \
	PADDL   X14, v;  \
	PADDL   X14, s;  \
	PSRLL   $15, v;  \
	PSLLL   $1, s;   \
	PAND    X13, v;  \
	PAND    X12, s;  \
	POR     s, v

// BUTTERFLY makes of a, b, c, d in X0 to X3 the sums of a radix-4 butterfly: with p and q for a+c and a-c, s and t for
// b+d and b-d, it leaves p+s in X4, q-it in X6, p-s in X5 and q+it in X0. X1 to X3 are lost.
#define BUTTERFLY \
	MOVOU   X0, X4;        \
	PADDW   X2, X4;        \
	PSUBW   X2, X0;        \
	MOVOU   X1, X2;        \
	PADDW   X3, X2;        \
	PSUBW   X3, X1;        \
	MOVOU   X4, X5;        \
	PADDW   X2, X4;        \
	PSUBW   X2, X5;        \
	PSHUFLW $0xb1, X1, X1; \
	PSHUFHW $0xb1, X1, X1; \
	PXOR    X12, X1;       \
	PSUBW   X12, X1;       \
	MOVOU   X0, X6;        \
	PADDW   X1, X6;        \
	PSUBW   X1, X0

// func windowVector(to *[fftSize]int16, from, window *[Window]int16) int16
TEXT ·windowVector(SB), NOSPLIT, $0-26
	MOVQ to+0(FP), DI
	MOVQ from+8(FP), SI
	MOVQ window+16(FP), DX
	MOVQ $60, CX
	PXOR X3, X3             // the greatest magnitudes
	PXOR X4, X4             // zero

samples:
	MOVOU  (SI), X0
	MOVOU  (DX), X1
	MOVOU  X0, X2
	PMULHW X1, X0
	PMULLW X1, X2
	PSLLW  $4, X0           // the product's bits from 16 on
	PSRLW  $12, X2          // from 12 to 15
	POR    X2, X0
	MOVOU  X0, (DI)
	PMAXSW X0, X3
	MOVOU  X4, X1
	PSUBW  X0, X1
	PMAXSW X1, X3
	ADDQ   $16, SI
	ADDQ   $16, DX
	ADDQ   $16, DI
	DECQ   CX
	JNZ    samples

	PSHUFL  $0x4e, X3, X0
	PMAXSW  X0, X3
	PSHUFL  $0xb1, X3, X0
	PMAXSW  X0, X3
	PSHUFLW $0xb1, X3, X0
	PMAXSW  X0, X3
	MOVQ    X3, AX
	MOVW    AX, ret+24(FP)
	RET

// func firstVector(work *[half]cpx, samples *[fftSize]int16, shift int)
//
// Four butterflies at a time, of the values from n = 4j on. Butterfly i of them goes to where the reversed base-4 digits
// of n+i say: 16 × 16i + 16 × (j%4 × 4 + j/4) bytes from the start.
TEXT ·firstVector(SB), NOSPLIT, $0-24
	MOVQ work+0(FP), DI
	MOVQ samples+8(FP), SI
	MOVQ shift+16(FP), X11
	CONSTANTS(byFour)
	XORQ CX, CX

four:
	MOVOU    (SI), X0
	MOVOU    256(SI), X1
	MOVOU    512(SI), X2
	MOVOU    768(SI), X3
	PSLLW    X11, X0
	PSLLW    X11, X1
	PSLLW    X11, X2
	PSLLW    X11, X3
	PMULHRSW X15, X0
	PMULHRSW X15, X1
	PMULHRSW X15, X2
	PMULHRSW X15, X3
	BUTTERFLY

	// The four sums of each butterfly, which lie across X4, X6, X5 and X0, together.
	MOVOU      X4, X1
	PUNPCKLLQ  X6, X4
	PUNPCKHLQ  X6, X1
	MOVOU      X5, X2
	PUNPCKLLQ  X0, X5
	PUNPCKHLQ  X0, X2
	MOVOU      X4, X3
	PUNPCKLQDQ X5, X4
	PUNPCKHQDQ X5, X3
	MOVOU      X1, X6
	PUNPCKLQDQ X2, X1
	PUNPCKHQDQ X2, X6

	MOVQ  CX, AX
	ANDQ  $3, AX
	SHLQ  $6, AX
	MOVQ  CX, BX
	SHRQ  $2, BX
	SHLQ  $4, BX
	ADDQ  BX, AX
	ADDQ  DI, AX
	MOVOU X4, (AX)
	MOVOU X3, 256(AX)
	MOVOU X1, 512(AX)
	MOVOU X6, 768(AX)

	ADDQ $16, SI
	INCQ CX
	CMPQ CX, $16
	JNE  four
	RET

// func stageVector(work *[half]cpx, m int, factors *factor)
TEXT ·stageVector(SB), NOSPLIT, $0-24
	MOVQ work+0(FP), DI
	MOVQ m+8(FP), CX
	MOVQ factors+16(FP), DX
	CONSTANTS(byFour)
	SHLQ $2, CX             // the bytes of m values
	LEAQ 1024(DI), R8       // the end

group:
	MOVQ DX, SI
	LEAQ (DI)(CX*1), R9
	LEAQ (R9)(CX*1), R10
	LEAQ (R10)(CX*1), R11
	MOVQ R9, R12            // the end of the first values

values:
	MOVOU    (DI), X0
	MOVOU    (R9), X1
	MOVOU    (R10), X2
	MOVOU    (R11), X3
	PMULHRSW X15, X0
	PMULHRSW X15, X1
	PMULHRSW X15, X2
	PMULHRSW X15, X3
	TIMES(X1, X7, X8, 0(SI), 16(SI))
	TIMES(X2, X7, X8, 32(SI), 48(SI))
	TIMES(X3, X7, X8, 64(SI), 80(SI))
	BUTTERFLY
	MOVOU    X4, (DI)
	MOVOU    X6, (R9)
	MOVOU    X5, (R10)
	MOVOU    X0, (R11)
	ADDQ     $96, SI
	ADDQ     $16, DI
	ADDQ     $16, R9
	ADDQ     $16, R10
	ADDQ     $16, R11
	CMPQ     DI, R12
	JNE      values

	MOVQ R11, DI
	CMPQ DI, R8
	JNE  group
	RET

// func untangleVector(energy *[half]uint32, work *[half]cpx, factors *[half / 2 / 4]factor)
TEXT ·untangleVector(SB), NOSPLIT, $0-24
	MOVQ energy+0(FP), DI
	MOVQ work+8(FP), SI
	MOVQ factors+16(FP), DX
	CONSTANTS(byTwo)
	PCMPEQL X11, X11        // all bits set
	LEAQ 996(SI), R9        // work[half-7]: the counterparts of 4 to 7, the last first
	LEAQ 996(DI), R10
	ADDQ $16, SI
	ADDQ $16, DI
	ADDQ $32, DX
	MOVQ $31, CX

bins:
	MOVOU    (SI), X0
	MOVOU    (R9), X1
	PSHUFL   $0x1b, X1, X1
	PXOR     X12, X1
	PSUBW    X12, X1        // the conjugate
	PMULHRSW X15, X0
	PMULHRSW X15, X1
	MOVOU    X0, X2
	PADDW    X1, X2         // p
	PSUBW    X1, X0
	TIMES(X0, X7, X8, 0(DX), 16(DX)) // t

	// (p+t)/2, rounded down: what both have, and half of what one has.
	MOVOU   X2, X3
	PAND    X0, X3
	MOVOU   X2, X4
	PXOR    X0, X4
	MOVOU   X4, X5
	PSRAW   $1, X4
	PADDW   X4, X3
	PMADDWL X3, X3
	MOVOU   X3, (DI)

	// (p-t)/2 of the real and (t-p)/2 of the imaginary parts, rounded down: x-y is x plus y's complement plus 1.
	PAND    X12, X5
	PXOR    X5, X2          // x
	PXOR    X5, X0          // y
	PXOR    X11, X0
	MOVOU   X2, X4
	POR     X0, X4
	PXOR    X0, X2
	PSRAW   $1, X2
	PSUBW   X2, X4
	PMADDWL X4, X4
	PSHUFL  $0x1b, X4, X4
	MOVOU   X4, (R10)

	ADDQ $16, SI
	ADDQ $16, DI
	ADDQ $32, DX
	SUBQ $16, R9
	SUBQ $16, R10
	DECQ CX
	JNZ  bins
	RET
