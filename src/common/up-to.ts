/**
 * The bound of an `LRUCache` that may become large: it takes its memory as it fills. With `max`, lru-cache reserves the memory of
 * all entries at once, which is megabytes for a cache that stays empty.
 */
export const upTo = (entries: number): { maxSize: number; sizeCalculation: () => number } => ({ maxSize: entries, sizeCalculation: one });

const one = (): number => 1;
