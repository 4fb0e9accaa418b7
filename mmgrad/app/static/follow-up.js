/* Questions about a shown answer (contrast, occlusion, ...), and the answers to them. Each question has a ticket; of two
   questions of one kind the newer one counts. */

const open = new Map(); // the latest question of each kind: { ticket, resolve }
let tickets = 0;

const settle = (kind, answer, ticket = null) => {
  const asked = open.get(kind);
  if (!asked || (ticket !== null && asked.ticket !== ticket)) return; // nobody waits for this answer any more
  open.delete(kind);
  asked.resolve(answer);
};

/* `send(ticket)` sends the question. Resolves to its answer, or to null where a newer one of its kind replaced it. */
export const askFollowUp = (kind, send) =>
  new Promise((resolve) => {
    settle(kind, null);
    tickets += 1;
    open.set(kind, { ticket: tickets, resolve });
    send(tickets);
  });

/* The server refused a question of this kind; the sentence that says why is shown already. */
export const onError = (kind) => settle(kind, null);

/* The invisible part that receives the answers. */
export const followUp = (_element, props, _trigger, watch) => {
  watch("value", () => props.value && settle(props.value.kind, props.value, props.value.ticket));
};
