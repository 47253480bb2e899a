// On a narrow screen the pages of a group are one row: bring the current one into view, without moving the page.
{
  const row = document.querySelector(".settings-group.current .list-group");
  const active = row?.querySelector(".active");
  if (active) row.scrollLeft = active.offsetLeft - (row.clientWidth - active.offsetWidth) / 2;
}
