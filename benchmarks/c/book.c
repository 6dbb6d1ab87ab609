/* The same books in C, as the compiled limit: no clock, no judging, no bounds beyond the ladder's.
 * cc -O3 -march=native -shared -fPIC book.c -o book.so */
#include <stdint.h>
#include <string.h>

typedef struct {
    uint32_t dt;
    uint8_t kind, side, op, position;
    int64_t price, size;
    uint64_t ref;
} Record;

enum { ROWS = 16, SLOTS = 1 << 14 };

typedef struct {
    int64_t rows[2];
    int64_t price[2][ROWS], size[2][ROWS];
} Ladder;

typedef struct {
    int64_t base; /* price of slot 0 */
    int64_t best[2];
    int64_t size[2][SLOTS];
} Dense;

void apply_position(const Record *records, int64_t count, Ladder *book)
{
    for (int64_t i = 0; i < count; i++) {
        const Record *r = records + i;
        if (r->kind != 0)
            continue;
        int64_t row = r->position, n = book->rows[r->side];
        int64_t *price = book->price[r->side], *size = book->size[r->side];
        if (r->op == 1 && row < n) {
            price[row] = r->price;
            size[row] = r->size;
        } else if (r->op == 2) {
            if (row >= n)
                continue;
            memmove(price + row, price + row + 1, (n - row - 1) * 8);
            memmove(size + row, size + row + 1, (n - row - 1) * 8);
            book->rows[r->side] = n - 1;
        } else {
            if (n == ROWS)
                continue;
            if (row > n)
                row = n;
            memmove(price + row + 1, price + row, (n - row) * 8);
            memmove(size + row + 1, size + row, (n - row) * 8);
            price[row] = r->price;
            size[row] = r->size;
            book->rows[r->side] = n + 1;
        }
    }
}

/* Both sides in the coordinate in which the best level is the largest. */
void apply_price(const Record *records, int64_t count, Dense *book)
{
    for (int64_t i = 0; i < count; i++) {
        const Record *r = records + i;
        if (r->kind != 1)
            continue;
        int64_t slot = r->price - book->base;
        if ((uint64_t)slot >= SLOTS)
            continue;
        if (r->side == 0)
            slot = SLOTS - 1 - slot;
        int64_t *size = book->size[r->side], *best = &book->best[r->side];
        int64_t amount = r->op == 2 ? 0 : r->size;
        size[slot] = amount;
        if (amount) {
            if (slot > *best)
                *best = slot;
        } else if (slot == *best) {
            while (*best >= 0 && !size[*best])
                --*best;
        }
    }
}

/* The least that anything can cost: reading every record. */
int64_t read_records(const Record *records, int64_t count)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += records[i].size ^ records[i].position;
    return sum;
}
