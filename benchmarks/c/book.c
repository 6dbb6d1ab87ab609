/* The same books in C, as the compiled limit: no clock, no judging, no bounds beyond the ladder's;
 * the book of orders has dense levels, a table that does not grow, and looks ahead for it.
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

enum { BITS = 17, CELLS = 1 << BITS, POOL = 1 << 16, LEVELS = 1 << 15 };

typedef struct {
    int32_t level, size, before, behind;
} Order;

typedef struct {
    int64_t size, count;
    int32_t first, last;
} Level;

typedef struct {
    int64_t base; /* price of level 0 */
    int64_t best[2]; /* in the coordinate in which the best is the largest */
    int64_t used; /* orders handed out so far; 0 is none */
    int64_t spare; /* orders given back */
    int32_t given[POOL];
    uint64_t key[CELLS]; /* id + 1; 0 is empty */
    int32_t slot[CELLS];
    Order order[POOL];
    Level level[2][LEVELS];
} Table;

static inline int64_t cell_of(uint64_t key)
{
    return (int64_t)((key * 0x9E3779B97F4A7C15ull) >> (64 - BITS));
}

static inline void leave(Table *t, Level *l, const Order *o)
{
    if (o->before)
        t->order[o->before].behind = o->behind;
    else
        l->first = o->behind;
    if (o->behind)
        t->order[o->behind].before = o->before;
    else
        l->last = o->before;
    l->size -= o->size;
    l->count--;
}

static inline void join(Table *t, Level *l, int32_t slot)
{
    Order *o = &t->order[slot];
    o->before = l->last;
    o->behind = 0;
    if (l->last)
        t->order[l->last].behind = slot;
    else
        l->first = slot;
    l->last = slot;
    l->size += o->size;
    l->count++;
}

static inline void rise(Table *t, int64_t side, int64_t at)
{
    if (at > t->best[side])
        t->best[side] = at;
}

static inline void fall(Table *t, int64_t side, int64_t at)
{
    if (!t->level[side][at].count && at == t->best[side])
        while (t->best[side] >= 0 && !t->level[side][t->best[side]].count)
            --t->best[side];
}

void apply_orders(const Record *records, int64_t count, Table *t)
{
    const int64_t mask = CELLS - 1;
    for (int64_t i = 0; i < count; i++) {
        const Record *r = records + i;
        if (i + 8 < count)
            __builtin_prefetch(t->key + cell_of(records[i + 8].ref + 1));
        if (i + 4 < count)
            __builtin_prefetch(t->slot + cell_of(records[i + 4].ref + 1));
        if (r->kind != 4)
            continue;
        uint64_t key = r->ref + 1;
        int64_t cell = cell_of(key);
        while (t->key[cell] && t->key[cell] != key)
            cell = (cell + 1) & mask;
        int64_t at = r->price - t->base;
        if (r->op == 0) {
            if (r->side == 0)
                at = LEVELS - 1 - at;
            if (t->key[cell] || (uint64_t)at >= LEVELS)
                continue;
            int32_t slot = t->spare ? t->given[--t->spare] : (int32_t)++t->used;
            t->key[cell] = key;
            t->slot[cell] = slot;
            Order *o = &t->order[slot];
            o->level = (int32_t)(r->side * LEVELS + at);
            o->size = (int32_t)r->size;
            join(t, &t->level[r->side][at], slot);
            rise(t, r->side, at);
            continue;
        }
        if (!t->key[cell])
            continue;
        int32_t slot = t->slot[cell];
        Order *o = &t->order[slot];
        int64_t side = o->level / LEVELS, old = o->level % LEVELS;
        Level *l = &t->level[side][old];
        if (r->op == 1) {
            if (side == 0)
                at = LEVELS - 1 - at;
            if (at == old && r->size <= o->size) {
                l->size += r->size - o->size;
                o->size = (int32_t)r->size;
            } else if ((uint64_t)at < LEVELS) {
                leave(t, l, o);
                o->level = (int32_t)(side * LEVELS + at);
                o->size = (int32_t)r->size;
                join(t, &t->level[side][at], slot);
                rise(t, side, at);
                fall(t, side, old);
            }
            continue;
        }
        if (r->op != 3 && r->size < o->size) {
            l->size -= r->size;
            o->size -= (int32_t)r->size;
            continue;
        }
        leave(t, l, o);
        fall(t, side, old);
        t->given[t->spare++] = slot;
        int64_t hole = cell, next = cell;
        while (t->key[next = (next + 1) & mask]) {
            int64_t home = cell_of(t->key[next]);
            if (((next - home) & mask) >= ((next - hole) & mask)) {
                t->key[hole] = t->key[next];
                t->slot[hole] = t->slot[next];
                hole = next;
            }
        }
        t->key[hole] = 0;
    }
}

int64_t size_of_table(void)
{
    return sizeof(Table);
}

/* The least that anything can cost: reading every record. */
int64_t read_records(const Record *records, int64_t count)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += records[i].size ^ records[i].position;
    return sum;
}
