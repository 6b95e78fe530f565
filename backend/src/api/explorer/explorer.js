const field = (id) => document.getElementById(id);

async function token() {
  const key = field('key').value.trim();
  if (key) return key;
  const answer = await fetch('/auth/refresh', { method: 'POST' });
  return answer.status === 200 ? (await answer.json()).access_token : null;
}

async function run() {
  const show = (value) => { field('answer').textContent = typeof value === 'string' ? value : JSON.stringify(value, null, 2); };
  let variables;
  try {
    variables = JSON.parse(field('variables').value || '{}');
  } catch (fault) {
    return show(`The variables are not JSON: ${fault.message}`);
  }
  const bearer = await token();
  const headers = { 'content-type': 'application/json', ...(bearer ? { authorization: `Bearer ${bearer}` } : {}) };
  const answer = await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify({ query: field('query').value, variables }) });
  show(await answer.json());
}

field('run').addEventListener('click', run);
document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run();
});
