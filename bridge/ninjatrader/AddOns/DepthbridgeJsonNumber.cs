using System;

namespace Depthbridge
{
    /// <summary>Decimal digits to the nearest double, half to even; exact, or not at all.</summary>
    public static class JsonNumber
    {
        // Up to these, both sides of a division or product are doubles without a rounding of their own.
        private const ulong MostExact = 1UL << 53;
        private const int MostPower = 22;

        // 5^27 is the last that fits into 63 bits.
        private const int MostFives = 27;
        private const int Bits = 64;
        private const int MantissaBits = 53;
        private const int Bias = 1023;

        private static readonly double[] Powers = MakePowers();
        private static readonly ulong[] Fives = MakeFives();

        /// <summary><c>digits * 10^exponent</c>.</summary>
        /// <returns>NaN where this way cannot say: beyond 53 bits for positive exponents, or far from 1.</returns>
        public static double Nearest(ulong digits, int exponent)
        {
            if (digits == 0)
            {
                return 0;
            }
            if (digits <= MostExact && exponent >= -MostPower && exponent <= MostPower)
            {
                return exponent < 0 ? (long)digits / Powers[-exponent] : (long)digits * Powers[exponent];
            }
            return exponent <= 0 && exponent >= -MostFives ? Divided(digits, -exponent) : double.NaN;
        }

        // digits / (5^power * 2^power), both brought to 64 bits: the quotient has 63 or 64 bits, and the rest tells whether more follow.
        private static double Divided(ulong digits, int power)
        {
            var fives = Fives[power];
            int up = LeadingZeros(digits), down = LeadingZeros(fives);
            ulong rest;
            digits <<= up;
            var quotient = Divide(digits >> 1, digits << 63, fives << down, out rest);
            var spare = Bits - LeadingZeros(quotient) - MantissaBits;
            var mantissa = quotient >> spare;
            var half = 1UL << (spare - 1);
            var beyond = quotient & (2 * half - 1);
            if (beyond > half || (beyond == half && (rest != 0 || (mantissa & 1) != 0)))
            {
                mantissa++;
            }
            return (long)mantissa * PowerOfTwo(spare - (Bits - 1) + down - up - power);
        }

        /// <summary>A number of 128 bits by one of 64 whose highest bit is set and which is above the number's upper half.</summary>
        /// <remarks>Long division with digits of 32 bits: Knuth, The Art of Computer Programming, volume 2, 4.3.1, algorithm D.</remarks>
        private static ulong Divide(ulong high, ulong low, ulong divisor, out ulong rest)
        {
            unchecked
            {
                var first = Digit(high, low >> 32, divisor);
                var left = (high << 32) + (low >> 32) - first * divisor;
                var second = Digit(left, (uint)low, divisor);
                rest = (left << 32) + (uint)low - second * divisor;
                return (first << 32) + second;
            }
        }

        // One digit of the quotient of high * 2^32 + next: guessed by the divisor's upper half, at most two too large.
        private static ulong Digit(ulong high, ulong next, ulong divisor)
        {
            unchecked
            {
                ulong upper = divisor >> 32, lower = (uint)divisor;
                var digit = high / upper;
                var rest = high - digit * upper;
                while (digit >> 32 != 0 || digit * lower > (rest << 32) + next)
                {
                    digit--;
                    rest += upper;
                    if (rest >> 32 != 0)
                    {
                        break;
                    }
                }
                return digit;
            }
        }

        private static int LeadingZeros(ulong value)
        {
            var zeros = 0;
            for (var step = Bits / 2; step != 0; step /= 2)
            {
                if (value >> (Bits - step) == 0)
                {
                    value <<= step;
                    zeros += step;
                }
            }
            return zeros;
        }

        private static double PowerOfTwo(int exponent)
        {
            return BitConverter.Int64BitsToDouble((long)(exponent + Bias) << (MantissaBits - 1));
        }

        private static double[] MakePowers()
        {
            var powers = new double[MostPower + 1];
            powers[0] = 1;
            for (var i = 1; i < powers.Length; i++)
            {
                powers[i] = powers[i - 1] * 10;
            }
            return powers;
        }

        private static ulong[] MakeFives()
        {
            var fives = new ulong[MostFives + 1];
            fives[0] = 1;
            for (var i = 1; i < fives.Length; i++)
            {
                fives[i] = fives[i - 1] * 5;
            }
            return fives;
        }
    }
}
