// Asks the server: one request at a time, and after it the newest question.

/** Fetches JSON; throws an Error with the server's own words where it refuses. */
export async function fetchJson(address, options = {}) {
  let reply;
  try {
    reply = await fetch(address, options);
  } catch {
    throw new Error("The server does not answer; is dlrun serve still running?");
  }
  const answer = await reply.json();
  if (!reply.ok) throw new Error(answer.error);
  return answer;
}

/**
 * Returns a function to call whenever something changed.
 * @param question gives, or promises, the options of a request, or null for nothing to ask;
 *   `address` among them replaces /api/predict
 * @param show takes the answer, or null
 * @param fail takes an Error
 */
export function makeAsker(question, show, fail) {
  let isDirty = false;
  let isAsking = false;
  return async function ask() {
    isDirty = true;
    if (isAsking) return;
    isAsking = true;
    while (isDirty) {
      isDirty = false;
      try {
        const asked = await question();
        const { address = "/api/predict", ...options } = asked ?? {};
        show(asked && (await fetchJson(address, options)));
      } catch (error) {
        if (!isDirty) fail(error);
      }
    }
    isAsking = false;
  };
}
