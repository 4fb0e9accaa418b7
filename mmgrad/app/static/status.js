/* Whether an answer is on its way. The page has one question at a time. */
const listeners = new Set();
const root = () => document.documentElement;

/* `listener(status)` is called with "busy", "idle", "cancelled" or "failed". */
export const onStatus = (listener) => listeners.add(listener);

const change = (status) => {
  if (status === "busy") root().dataset.mmBusy = "";
  else delete root().dataset.mmBusy;
  for (const listener of listeners) listener(status);
};

export const isBusy = () => "mmBusy" in root().dataset;
export const setBusy = () => change("busy");
export const setIdle = () => change("idle");
export const setCancelled = () => change("cancelled");
export const setFailed = () => change("failed");
