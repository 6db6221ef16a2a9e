// The HTTP API: every failure is an Error whose message can be shown.

export async function call(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The server does not answer; is vidstyle web still running?");
  }
  if (!answer.ok) throw new Error(await problem(answer));
  return answer.status === 204 ? null : answer.json();
}

async function problem(answer) {
  return said(await answer.text(), answer.status);
}

function said(text, status) {
  try {
    const { detail } = JSON.parse(text);
    return sentence(typeof detail === "string" ? detail : detail[0].msg);
  } catch {
    return `The server answered with ${status}.`;
  }
}

// An error begins with a capital and ends with a full stop, unless it begins with a name.
export function sentence(text) {
  const first = text.split(" ", 1)[0];
  const begun = /^[a-z]+$/.test(first) ? text[0].toUpperCase() + text.slice(1) : text;
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

export const limits = () => call("/api/limits");
export const styles = () => call("/api/styles");
export const cancel = (id) => call(`/api/jobs/${id}/cancel`, { method: "POST" });
export const remove = (id) => call(`/api/jobs/${id}`, { method: "DELETE" });

// Sends a form; `onProgress` is told the share that is sent. Returns [a promise of the job, a function that stops it].
export function submit(form, onProgress) {
  const request = new XMLHttpRequest();
  const job = new Promise((resolve, reject) => {
    request.open("POST", "/api/jobs");
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => {
      if (request.status === 201) resolve(JSON.parse(request.responseText));
      else reject(new Error(said(request.responseText, request.status)));
    };
    request.onerror = () => reject(new Error("The upload broke off: the server stopped it, or is gone."));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    request.send(form);
  });
  return [job, () => request.abort()];
}
