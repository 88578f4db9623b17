// The page for trying the model by hand: sends what is typed to POST /predict and shows the answer as it came.
const [state, form, data, answer, curl] = ["state", "form", "data", "answer", "curl"].map((id) => document.getElementById(id));

const body = () => `{"data": ${data.value.trim()}}`;

function showCommand() {
  const quoted = body().replaceAll("'", "'\\''");
  curl.textContent = `curl -d '${quoted}' ${location.origin}/predict`;
}

async function showState() {
  try {
    const ready = await fetch("readyz");
    const document = await ready.json();
    const versions = Object.entries(document.models ?? {}).map(([model, all]) => `${model} version ${all.join(", ")}`);
    state.textContent = ready.ok ? `ready: ${versions.join("; ")}` : `not ready. ${document.detail}`;
  } catch {
    state.textContent = "the gateway does not answer";
  }
}

function show(text, failed) {
  answer.hidden = false;
  answer.classList.toggle("failed", failed);
  answer.textContent = text;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const reply = await fetch("predict", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: body(),
    });
    show(JSON.stringify(await reply.json(), null, 2), !reply.ok);
  } catch (error) {
    show(String(error), true);
  }
  showState();
});
data.addEventListener("input", showCommand);
showCommand();
showState();
