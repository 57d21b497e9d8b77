/** A supervisor in a process of its own, for a test that kills it: prints the numbers of its processes, ends at nothing. */
import { openAnchor } from '../../../src/anchor/process/open-anchor.js'
import { homes } from '../../../src/host/homes.js'
import { planIn } from '../anchors.js'

const anchor = await openAnchor(planIn(homes()), () => {})
console.log(JSON.stringify(anchor.view().processes.map(({ pid }) => pid)))
