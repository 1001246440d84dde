// Choices that show another page at once: a form of selects, or a list of addresses.
for (const form of document.querySelectorAll("form[data-choose]")) {
  form.addEventListener("change", () => {
    for (const field of form.elements) field.disabled = !field.value;
    form.submit();
  });
}
for (const list of document.querySelectorAll("select[data-go]")) list.addEventListener("change", () => { location.href = list.value; });
