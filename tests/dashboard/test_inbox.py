"""Pages of the money inbox: from a file to payments, by hand and all at once, and what each role may do."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from core.scope import isp_scope
from payments.models import BankLine, Payment, Statement
from payments.services import certain, statement_work
from tenants.roles import Role
from tests.conftest import HostClient
from tests.dashboard.settings_pages import staff_client, text_of
from tests.factories.company import PaymentMethodFactory
from tests.factories.staff import make_member, sign_in
from tests.factories.subscribers import SubscriberFactory
from tests.payments.inbox.conftest import owing, ref
from tests.payments.statements.files import Move, camt, table

D = Decimal
HOME = "/wispmega/payments/inbox/"
FILES = f"{HOME}statements/"


@pytest.fixture
def clerk(isp):
    client = HostClient("app.localhost")
    member = make_member(isp, Role.BILLING, name="Clara Clerk")
    sign_in(client, member)
    client.name = member.name
    return client


def work(isp):
    with isp_scope(isp):
        for pk in Statement.objects.at_work().values_list("pk", flat=True):
            statement_work.work_on(statement_id=pk, isp_id=isp.pk)


def bring(isp, client, data, name="a.xml"):
    response = client.post(FILES, {"file": SimpleUploadedFile(name, data)})
    work(isp)
    return response


def take(isp, client, *rows):
    """A statement of a new account, all the way."""
    address = bring(isp, client, camt(rows, currency="MXN")).headers["Location"]
    client.post(f"{address}account/", {"name": "Banco"})
    work(isp)
    return address


def the_line(isp):
    with isp_scope(isp):
        return BankLine.objects.get()


def test_an_empty_inbox_says_what_to_do(clerk):
    page = text_of(clerk.get(HOME))
    assert "No statement of your bank yet" in page
    assert f'href="{FILES}"' in page
    assert "No statement yet" in text_of(clerk.get(FILES))


def test_from_a_file_of_an_unknown_account_to_its_movements(isp, clerk):
    with isp_scope(isp):
        method = PaymentMethodFactory(name="Transfer")
    address = bring(isp, clerk, camt([Move(D("499.00")), Move(D("-9.00"))], currency="MXN")).headers["Location"]
    page = text_of(clerk.get(address))
    assert "CZ6508000000192000145399" in page
    assert "of which you have brought none so far" in page
    wrong = clerk.post(f"{address}account/", {"name": ""})
    assert (wrong.status_code, "Give the new account a name" in text_of(wrong)) == (422, True)
    clerk.post(f"{address}account/", {"name": "Banco", "method": method.pk})
    assert "taken in" in text_of(clerk.get(address))
    assert clerk.get(f"{address}progress/").status_code == 200
    work(isp)
    assert clerk.get(f"{address}progress/").headers["HX-Redirect"] == address
    page = text_of(clerk.get(address))
    assert "The movements agree with the bank" in page
    assert "1,490.00" in page
    with isp_scope(isp):
        assert BankLine.objects.first().account.method == method


def test_a_table_is_explained_and_seen_before_it_is_taken_in(isp, clerk):
    data = table([Move(D("499.00"), name="Ana", text="uno"), Move(D("-9.00"), text="dos")])
    address = bring(isp, clerk, data, "pohyby.csv").headers["Location"]
    page = text_of(clerk.get(address))
    assert "What are the columns?" in page
    assert "20.11.2026" in page
    form = clerk.get(address).context["form"]
    said = {name: form[name].value() or "" for name in form.fields} | {"name": "KB", "number": "123456789"}
    said.pop("turned")
    said["method"] = said["account"] = ""
    assert (said["c0"], said["c5"], said["point"]) == ("booked_on", "amount", ",")
    twice = clerk.post(f"{address}columns/", {**said, "c1": "amount"})
    assert (twice.status_code, "Choose it for one column only" in text_of(twice)) == (422, True)
    none = clerk.post(f"{address}columns/", {**said, "c0": "", "number": "1"})
    assert "Choose the column with the date" in text_of(none)
    assert "Type the number of the account" in text_of(none)
    clerk.post(f"{address}columns/", {**said, "point": "."})
    work(isp)
    page = text_of(clerk.get(address))
    assert "is no amount" in page
    assert "Nothing was stored" in page
    with isp_scope(isp):
        account = Statement.objects.get().account
    clerk.post(f"{address}columns/", {**said, "account": account.pk})
    work(isp)
    assert "The movements agree with the bank" in text_of(clerk.get(address))
    with isp_scope(isp):
        assert [line.amount for line in BankLine.objects.order_by("pk")] == [D("499.00"), D("-9.00")]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "another kind"),
        (b"\x01\x02\x03\x04\x05" * 99, "another kind"),
        (b"<?xml version='1.0'?><rss/>", "no statement of a bank"),
    ],
)
def test_a_file_that_is_no_statement_is_refused_at_its_field(isp, clerk, data, said):
    response = bring(isp, clerk, data)
    assert response.status_code == 422
    assert said in text_of(response).partition('id="id_file_error"')[2][:300]


def test_a_cut_file_is_refused_in_words_and_can_be_removed(isp, clerk):
    data = camt([Move(D("499.00"))], currency="MXN")
    address = bring(isp, clerk, data[:-40]).headers["Location"]
    page = text_of(clerk.get(address))
    assert "ends in the middle of the statement" in page
    assert "Nothing of this file was stored" in page
    clerk.post(f"{address}discard/")
    with isp_scope(isp):
        assert not Statement.objects.exists()


def test_the_same_file_again_leads_to_the_first(isp, clerk):
    address = take(isp, clerk, Move(D("499.00")))
    response = clerk.post(FILES, {"file": SimpleUploadedFile("b.xml", camt([Move(D("499.00"))], currency="MXN"))})
    assert response.headers["Location"] == address
    assert "nothing was added" in text_of(clerk.get(address))


def test_the_list_shows_whose_a_line_may_be_and_finds_lines(isp, clerk):
    with isp_scope(isp):
        owing("499.00", number=1007, first_name="Berta", last_name="Luna")
    take(isp, clerk, Move(D("499.00"), text="cliente 1007"), Move(D("12.00"), name="Otro"), Move(D("-3.00")))
    page = text_of(clerk.get(HOME))
    assert "1007 · Berta Luna" in page
    assert "1 line is certain" in page
    assert "Subscriber number 1007 is named." in page
    assert page.count("data-row ") == 2
    assert "Otro" not in text_of(clerk.get(f"{HOME}?show=certain"))
    assert text_of(clerk.get(f"{HOME}?q=otro")).count("data-row ") == 1
    assert text_of(clerk.get(f"{HOME}?q=12,00")).count("data-row ") == 1
    assert text_of(clerk.get(f"{HOME}?show=out")).count("data-row ") == 1
    assert text_of(clerk.get(f"{HOME}?show=nonsense")).count("data-row ") == 2


def test_certain_lines_are_shown_and_booked_all_at_once(isp, clerk):
    with isp_scope(isp):
        for n in range(3):
            owing("499.00", number=1000 + n)
    take(isp, clerk, *[Move(D("499.00"), text=f"cliente {1000 + n}") for n in range(3)])
    page = clerk.get(f"{HOME}certain/")
    assert "Book these 3 lines" in text_of(page)
    assert "1,497.00" in text_of(page)
    stale = text_of(clerk.post(f"{HOME}certain/", {"mark": "2-998.00-1"}, follow=True))
    assert "These are other lines than you saw" in stale
    said = text_of(clerk.post(f"{HOME}certain/", {"mark": page.context["offer"].mark}, follow=True))
    assert "3 lines are being booked." in said
    with isp_scope(isp):
        assert not Payment.objects.exists()
        certain.work_off(isp_id=isp.pk)
        assert Payment.objects.count() == 3
    assert "There is no certain line now" in text_of(clerk.get(f"{HOME}certain/"))


def test_a_suggestion_is_followed_with_one_button(isp, clerk):
    with isp_scope(isp):
        person, invoice = owing("499.00", number=1007)
    take(isp, clerk, Move(D("510.00"), text="cliente 1007"))
    line = the_line(isp)
    page = text_of(clerk.get(f"{HOME}{line.uuid}/"))
    assert "11.00 more than what is open." in page
    assert invoice.number in page
    said = clerk.post(f"{HOME}{line.uuid}/book/", {"with": "1007", "reason": ["subscriber", "<b>"]}, follow=True)
    assert f"Booked for {person.full_name}." in text_of(said)
    with isp_scope(isp):
        match = line.matches.select_related("payment").get()
        assert (match.amount, match.reasons, match.shown_by) == (D("510.00"), ["subscriber"], clerk.name)
    page = text_of(clerk.get(f"{HOME}{line.uuid}/"))
    assert f"Payment {match.payment.number}, booked by" in page


def test_a_payment_that_is_booked_already_is_linked_with_one_button(isp, clerk):
    from payments.services.payments import register_payment

    with isp_scope(isp):
        person, _ = owing("499.00", number=1007)
        said = {"amount": D("499.00"), "currency": "MXN", "on": date(2026, 11, 20), "source": Payment.Source.REPORT}
        payment = register_payment(by=None, subscriber=person, **said)
    take(isp, clerk, Move(D("499.00"), text="cliente 1007"))
    page = f"{HOME}{the_line(isp).uuid}/"
    assert f"It is payment {payment.number}" in text_of(clerk.get(page))
    assert "Noted: this is that payment." in text_of(clerk.post(f"{page}link/{payment.number}/", follow=True))
    assert "was quicker" in text_of(clerk.post(f"{page}link/{payment.number}/", follow=True))
    with isp_scope(isp):
        assert Payment.objects.count() == 1


def test_a_line_is_split_among_customers_found_by_search(isp, clerk):
    with isp_scope(isp):
        SubscriberFactory(number=1001, first_name="Zoila", last_name="Uno")
        SubscriberFactory(number=1002, first_name="Zacarías", last_name="Dos")
    take(isp, clerk, Move(D("500.00"), text="renta"))
    page = f"{HOME}{the_line(isp).uuid}/"
    assert "?with=1001#choose" in text_of(clerk.get(f"{page}?q=zoila"))
    assert "?with=1001&amp;with=1002#choose" in text_of(clerk.get(f"{page}?with=1001&q=zacarias"))
    assert "Nobody was found." in text_of(clerk.get(f"{page}?q=nobodysname"))
    both = {"with": ["1001", "1002"]}
    for amounts, said in [
        ({"amount_1001": "300", "amount_1002": "100"}, "100.00 is left over"),
        ({"amount_1001": "300", "amount_1002": "300"}, "more than the line has"),
        ({"amount_1001": "0", "amount_1002": ""}, "more than zero"),
        ({"amount_1001": "-5", "amount_1002": ""}, "more than zero"),
        ({"amount_1001": "1e30", "amount_1002": ""}, "Type an amount"),
        ({"amount_1001": "9" * 30, "amount_1002": ""}, "Type an amount"),
        ({"amount_1001": "", "amount_1002": ""}, "Only one amount"),
    ]:
        answer = clerk.post(f"{page}book/", {**both, **amounts})
        assert (answer.status_code, said in text_of(answer)) == (422, True), amounts
        for name, value in amounts.items():
            assert answer.context["book_form"][name].value() == value
    clerk.post(f"{page}book/", {**both, "amount_1001": "300,50", "amount_1002": ""})
    with isp_scope(isp):
        amounts = Payment.objects.order_by("pk").values_list("subscriber__number", "amount")
        assert list(amounts) == [(1001, D("300.50")), (1002, D("199.50"))]


def test_a_booking_is_undone_with_a_reason(isp, clerk):
    with isp_scope(isp):
        person, _ = owing("499.00", number=1007)
    take(isp, clerk, Move(D("499.00"), text="cliente 1007"))
    page = f"{HOME}{the_line(isp).uuid}/"
    clerk.post(f"{page}book/", {"with": "1007"})
    with isp_scope(isp):
        match = the_line(isp).matches.get()
    silent = clerk.post(f"{page}undo/{match.uuid}/", {"reason": ""})
    assert (silent.status_code, "required" in text_of(silent)) == (422, True)
    said = text_of(clerk.post(f"{page}undo/{match.uuid}/", {"reason": "wrong person"}, follow=True))
    assert "The payment was taken back" in said
    assert "wrong person" in said
    again = text_of(clerk.post(f"{page}undo/{match.uuid}/", {"reason": "twice"}, follow=True))
    assert "was quicker" in again
    with isp_scope(isp):
        assert type(person).objects.get(pk=person.pk).account.balance == D("499.00")


def test_a_colleague_who_was_quicker_is_named(isp, clerk):
    with isp_scope(isp):
        SubscriberFactory(number=1007)
        SubscriberFactory(number=1008)
    take(isp, clerk, Move(D("499.00")))
    page = f"{HOME}{the_line(isp).uuid}/"
    clerk.post(f"{page}book/", {"with": "1007"})
    said = text_of(clerk.post(f"{page}book/", {"with": "1008"}, follow=True))
    assert f"{clerk.name} was quicker. This line is in another state by now: booked." in said
    with isp_scope(isp):
        assert Payment.objects.get().subscriber.number == 1007


def test_what_is_no_payment_is_put_aside_and_back(isp, clerk):
    take(isp, clerk, Move(D("4.10"), text="intereses"))
    page = f"{HOME}{the_line(isp).uuid}/"
    said = text_of(clerk.post(f"{page}set-aside/", {"note": "interest"}, follow=True))
    assert "this is no customer" in said
    assert "interest" in text_of(clerk.get(f"{HOME}?show=aside"))
    clerk.post(f"{page}reopen/")
    assert the_line(isp).state == "open"


def test_money_of_another_currency_cannot_be_booked(isp, clerk):
    with isp_scope(isp):
        SubscriberFactory(number=1007)
    address = bring(isp, clerk, camt([Move(D("5.00"))], currency="EUR")).headers["Location"]
    clerk.post(f"{address}account/", {"name": "Euro"})
    work(isp)
    page = f"{HOME}{the_line(isp).uuid}/"
    assert "This money is in EUR" in text_of(clerk.get(page))
    assert "€5.00" in text_of(clerk.get(page))
    answer = clerk.post(f"{page}book/", {"with": "1007"})
    assert (answer.status_code, "cannot be booked" in text_of(answer)) == (422, True)


def test_doubles_are_pointed_out_and_decided_on(isp, clerk):
    rows = [Move(D("499.00"), text="uno"), Move(D("499.00"), text="dos")]
    take(isp, clerk, *rows)
    other = [Move(row.amount, text=f"PAGO {row.text}") for row in rows]
    address = bring(isp, clerk, camt(other, currency="MXN"), "b.xml").headers["Location"]
    assert "2 movements have the day and amount" in text_of(clerk.get(address))
    with isp_scope(isp):
        first = BankLine.objects.exclude(double_of=None).first()
    assert "It is probably the same money" in text_of(clerk.get(f"{HOME}{first.uuid}/"))
    clerk.post(f"{HOME}{first.uuid}/double/", {"same": "0"})
    assert "1 line was put aside." in text_of(clerk.post(f"{address}doubles/", follow=True))
    with isp_scope(isp):
        assert BankLine.objects.to_do().count() == 3


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.READ_ONLY])
def test_who_only_sees_money_decides_nothing(isp, clerk, role):
    with isp_scope(isp):
        SubscriberFactory(number=1007)
    address = take(isp, clerk, Move(D("499.00"), text="hola"))
    client = staff_client(isp, role)
    line = the_line(isp)
    page = text_of(client.get(f"{HOME}{line.uuid}/"))
    assert "What the bank says" in page
    assert "<form" not in page.partition("<main")[2].partition("</main>")[0]
    client.post(f"{HOME}{line.uuid}/book/", {"with": "1007"})
    client.post(f"{HOME}{line.uuid}/set-aside/", {})
    assert "hola" not in text_of(client.get(address))
    with isp_scope(isp):
        assert not Payment.objects.exists()
    assert the_line(isp).state == "open"


def test_another_isps_lines_are_not_there(isp, other_isp, clerk):
    address = take(isp, clerk, Move(D("499.00"), name="CANARY"))
    line = the_line(isp)
    client = staff_client(other_isp, Role.OWNER)
    base = "/fibrandina/payments/inbox/"
    answers = [
        client.get(f"{base}{line.uuid}/"),
        client.post(f"{base}{line.uuid}/set-aside/", {}),
        client.get(address.replace("wispmega", "fibrandina")),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert "CANARY" not in text_of(client.get(base))
    assert the_line(isp).state == "open"


def test_lists_cost_the_same_with_two_lines_and_with_thirty(isp, clerk, count_queries):
    with isp_scope(isp):
        for n in range(30):
            owing("499.00", number=1000 + n, on=date(2026, 11, 1))
    first = take(isp, clerk, *[Move(D("499.00"), text=f"cliente {1000 + n}") for n in range(2)])
    pages = [HOME, f"{HOME}?show=booked", f"{HOME}certain/", first, FILES]

    def cost():
        found = []
        for page in pages:
            with count_queries() as counted:
                assert clerk.get(page).status_code == 200
            found.append(len(counted))
        return found

    with isp_scope(isp):
        certain.ask(mark=certain.offer().mark, by=make_member(isp, Role.ADMIN), isp=ref(isp))
        certain.work_off(isp_id=isp.pk)
    rows = [Move(D("499.00"), text=f"cliente {1000 + n}") for n in range(30)]
    bring(isp, clerk, camt(rows[:4], currency="MXN"), "b.xml")
    two = cost()
    pages[3] = bring(isp, clerk, camt(rows, currency="MXN"), "c.xml").headers["Location"]
    assert cost() == two
    assert max(two) <= 16
