"""A render farm in virtual time, on which the same faults meet three ways to keep a job's books.

What is assumed, and why it is fair:

- The farm has five nodes of two slots. A pod needs half a minute before its first frame; frames take 20 s, give
  or take a third, and each frame takes the same time whoever renders it.
- A frame that was begun and not finished counts by the share that was rendered of it. Nothing else counts: no
  start-up, no look at files.
- Faults come from the seed alone, not from what a scheme does: nodes are disrupted at the same moments, the same
  frame needs more memory, the same chunk is killed. A scheme that takes longer meets more of them.
- Disruptions hit a node, with all that runs there, so often that one in ten attempts at a whole chunk is hit.
  Half of them are drains, which leave a log's end; the others take the node away at once.
- On a bad node every attempt dies: somewhere along the way, or at its start.
- Whoever acts by hand needs a quarter of an hour. Every other scheme than ours gets that help whenever it would
  be stuck, and never has to be asked twice.

The schemes are described in their modules: `ours`, `indexed` and `chunkwise`.
"""
