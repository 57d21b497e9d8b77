import type { Node } from './node.js'

/** Is this the first of those that know each other and it, directly or through one another, while others live, too? */
export function speaksForCircle(node: Node, living: readonly Node[]): boolean {
  const circle = new Set([node])
  // grows while it is walked
  for (const one of circle)
    for (const other of living) if (one.known.has(other.id) || other.known.has(one.id)) circle.add(other)
  return circle.size < living.length && living.find((each) => circle.has(each)) === node
}
