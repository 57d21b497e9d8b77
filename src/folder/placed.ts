/** Which version what stands here counts as, when best becomes another one. */
import { type Entry, type Here, isSame } from './entry.js'
import { isContentOf } from './need.js'
import { compareVectors } from './vector.js'

/** `was`: best before. */
export function placed(here: Here | null, was: Entry, best: Entry): Here | null {
  if (here === null) return null
  if (isContentOf(best, here) && here.state.executable === best.executable) return { ...here, vector: best.vector }
  // two peers may join the same versions and end with different fields: ours are not what was seen as that vector
  const isTaken = !isSame(was, best) && compareVectors(here.vector, best.vector) === 'equal'
  return isTaken ? { ...here, vector: [] } : here
}
