/** A binary heap ordered by (virtual time, sequence): two events of one instant happen in the order they were made. */
export interface Timed {
  readonly time: number
  readonly sequence: number
}

const before = (a: Timed, b: Timed): boolean => a.time < b.time || (a.time === b.time && a.sequence < b.sequence)

export class Heap<T extends Timed> {
  readonly #items: T[] = []

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    const items = this.#items
    let place = items.push(item) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!before(item, items[parent]!)) break
      items[place] = items[parent]!
      place = parent
    }
    items[place] = item
  }

  pop(): T | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (last === undefined || items.length === 0) return top
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= items.length) break
      if (child + 1 < items.length && before(items[child + 1]!, items[child]!)) child++
      if (!before(items[child]!, last)) break
      items[place] = items[child]!
      place = child
    }
    items[place] = last
    return top
  }
}
