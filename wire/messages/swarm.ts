/** Numbers 60-79: names, manifests, holders and chunks. */
export const swarmMessages = {} as const
