// Gradio calls this with the query that the server wrote; what it returns is shown.
async (query) => {
  const address = new URL(query || "", window.location.href).href;
  try {
    window.history.replaceState(null, "", address);
    await navigator.clipboard.writeText(address);
  } catch {
    // Without the right to write to the clipboard the link is there to be copied by hand.
  }
  return address;
}
