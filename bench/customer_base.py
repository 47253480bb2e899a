"""One large ISP, made by statements that PostgreSQL runs by itself: every run has the same rows."""

import random
from dataclasses import dataclass

import psycopg
from faker import Faker

STATEMENTS = """
INSERT INTO subscribers_zone (uuid, name) SELECT gen_random_uuid(), 'Zona ' || n FROM generate_series(1, 20) n;
INSERT INTO subscribers_router (uuid, name, notes, is_active)
  SELECT gen_random_uuid(), 'Router ' || n, '', true FROM generate_series(1, 40) n;
INSERT INTO company_invoicegroup ({group_columns}) SELECT {group_values} FROM generate_series(1, 3) n;
INSERT INTO subscribers_tariff (uuid, name, download, upload, price, is_active, portal_name, description)
  SELECT gen_random_uuid(), 'Hogar ' || n * 10, n * 10, n * 2, n * 100, true, '', '' FROM generate_series(1, 30) n;
INSERT INTO subscribers_subscriber
  (uuid, number, first_name, last_name, id_number, email, mobile, second_mobile, address, district, city, postcode,
   zone_id, group_id, business_name, created_at, version)
  SELECT gen_random_uuid(), n, f, l, upper(left(md5(n::text), 10)),
    lower(translate(f, ' áéíóú', '.aeiou')) || n || '@example.com',
    '+5255' || lpad((n * 7919 % 100000000)::text, 8, '0'), '', s || ' ' || n % 900 + 1, d, 'Puebla', 72000 + n % 300,
    z.id, CASE WHEN n % 10 = 0 THEN g.id END, CASE WHEN n % 12 = 0 THEN l || ' y Asociados' ELSE '' END,
    now() - n * interval '20 minutes', 1
  FROM generate_series(1, {subscribers}) n
  CROSS JOIN LATERAL (SELECT ({first}::text[])[1 + n * 31 % {firsts}] f,
    ({last}::text[])[1 + n * 17 % {lasts}] || ' ' || ({last}::text[])[1 + n * 13 / 7 % {lasts}] l,
    ({street}::text[])[1 + n * 29 % {streets}] s, 'Colonia ' || n % 60 d) words
  JOIN subscribers_zone z ON z.name = 'Zona ' || 1 + n % 20
  JOIN company_invoicegroup g ON g.name = 'Marca ' || 1 + n % 3;
INSERT INTO subscribers_service
  (subscriber_id, number, tariff_id, state, address, router_id, ip_address, queue_name, started_on)
  SELECT p.id, 500000 + n, t.id,
    CASE WHEN n % 20 < 15 THEN 'active' WHEN n % 20 < 17 THEN 'suspended' WHEN n % 20 = 17 THEN 'pending'
      ELSE 'ended' END,
    p.address, r.id, '10.0.0.0'::inet + n, 'q' || n, current_date - n % 2000
  FROM generate_series(1, {services}) n
  JOIN subscribers_subscriber p ON p.number = 1 + (n * 11 % ({subscribers} - {subscribers} / 50))
  JOIN subscribers_tariff t ON t.name = 'Hogar ' || (1 + n % 30) * 10
  JOIN subscribers_router r ON r.name = 'Router ' || 1 + n % 40;
INSERT INTO subscribers_portaluser
  (uuid, subscriber_id, username, email, password, language, is_active, created_at)
  SELECT gen_random_uuid(), p.id, 'cliente' || p.number, p.email, '!', 'es', true, p.created_at
  FROM subscribers_subscriber p WHERE p.number % 10 > 0;
INSERT INTO billing_ledgerentry (uuid, subscriber_id, kind, amount, "on", text, by_kind, by_name, at)
  SELECT gen_random_uuid(), p.id, 'correction',
    CASE WHEN n % 2 = 0 THEN 399 + n % 7 * 50 ELSE -(399 + n / 3 % 5 * 50) END,
    current_date - n % 900, 'Mensualidad', 'system', '', now()
  FROM generate_series(1, {entries}) n
  JOIN subscribers_subscriber p ON p.number = 1 + n / 2 * 11 % ({subscribers} - {subscribers} / 20);
INSERT INTO billing_ledgerentry (uuid, subscriber_id, kind, amount, "on", text, by_kind, by_name, at)
  SELECT gen_random_uuid(), e.subscriber_id, 'correction', -sum(e.amount), current_date, 'Pago', 'system', '', now()
  FROM billing_ledgerentry e JOIN subscribers_subscriber p ON p.id = e.subscriber_id
  WHERE p.number % 6 > 0 GROUP BY e.subscriber_id HAVING sum(e.amount) <> 0;
INSERT INTO billing_account (subscriber_id, balance)
  SELECT subscriber_id, sum(amount) FROM billing_ledgerentry GROUP BY subscriber_id;
UPDATE billing_ledgerentry e SET open = s.open, due_on = CASE WHEN e.amount > 0 THEN e."on" + 10 END
  FROM (SELECT l.id, CASE
      WHEN a.balance > 0 AND amount > 0 THEN least(amount, greatest(0, a.balance - coalesce(sum(amount)
        FILTER (WHERE amount > 0) OVER newer, 0)))
      WHEN a.balance < 0 AND amount < 0 THEN greatest(amount, least(0, a.balance - coalesce(sum(amount)
        FILTER (WHERE amount < 0) OVER newer, 0)))
      ELSE 0 END AS open
    FROM billing_ledgerentry l JOIN billing_account a USING (subscriber_id)
    WINDOW newer AS (PARTITION BY l.subscriber_id ORDER BY "on" DESC, l.id DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) s
  WHERE s.id = e.id AND s.open <> 0;
INSERT INTO payments_paymentmethod
  (uuid, name, portal_name, kind, instructions, visible_in_portal, is_active, position)
  SELECT gen_random_uuid(), 'Forma ' || n, '', 'cash', '', true, true, n FROM generate_series(1, 5) n;
INSERT INTO payments_payment
  (uuid, number, subscriber_id, method_id, source, amount, currency, "on", reference, comment, entry_id, key, by_kind,
   by_id, by_name, at)
  SELECT gen_random_uuid(), row_number() OVER (), e.subscriber_id, m.id,
    CASE WHEN e.id % 3 = 0 THEN 'desk' ELSE 'bank' END, -e.amount, 'MXN', e."on", '', '', e.id, 'bench ' || e.id,
    'staff', 1 + e.id % 9, 'Persona ' || e.id % 9, e."on"::timestamptz + interval '12 hours'
  FROM billing_ledgerentry e JOIN payments_paymentmethod m ON m.name = 'Forma ' || 1 + e.id % 5
  WHERE e.amount < 0 AND e."on" > current_date - 400;
INSERT INTO billing_invoiceseries (kind, last) VALUES ('invoice', {entries});
INSERT INTO billing_invoice
  (uuid, kind, series_id, sequence, number, subscriber_id, issued_on, due_on, currency, net, tax, total, entry_id,
   seller, buyer, note, by_kind, by_name, at)
  SELECT gen_random_uuid(), 'invoice', s.id, e.id, e.id::text, e.subscriber_id, e."on", e."on" + 10, 'MXN', e.amount, 0,
    e.amount, e.id, '{{}}', '{{}}', '', 'system', '', now()
  FROM billing_ledgerentry e CROSS JOIN billing_invoiceseries s WHERE e.amount > 0 AND e."on" > current_date - 400;
INSERT INTO preinstall_installrequest
  (uuid, submission, number, state, first_name, last_name, id_number, email, address, district, city, postcode, mobile,
   second_mobile, comments, language, was_known, created_at)
  SELECT gen_random_uuid(), gen_random_uuid(), number,
    CASE WHEN number % 20 = 0 THEN 'new' WHEN number % 20 = 1 THEN 'in_review' WHEN number % 20 < 17 THEN 'approved'
      ELSE 'rejected' END,
    first_name, last_name, id_number, email, address, district, city, postcode, mobile, '', '', 'es', false, created_at
  FROM subscribers_subscriber WHERE number <= {requests};
INSERT INTO core_auditentry (at, verb, actor_kind, actor_id, actor_label, target_type, target_id, details)
  SELECT now() - n * interval '5 minutes', (ARRAY['subscribers.service.state_changed', 'billing.entry.booked',
    'subscribers.portal_user.password_set', 'preinstall.request.state_changed'])[1 + n % 4], 'staff', 1 + n % 9,
    'Persona ' || n % 9 || ' <p@example.com>', 'subscribers.subscriber', (n % {subscribers} + 1)::text,
    jsonb_build_object('number', n % {subscribers} + 1)
  FROM generate_series(1, {acts}) n
"""


@dataclass(frozen=True)
class Size:
    """Rows of the ISP."""

    subscribers: int
    services: int
    entries: int
    requests: int
    acts: int


def fill(connection: "psycopg.Connection", schema: str, size: Size) -> None:
    """Fill an empty schema, and have PostgreSQL look at what is there."""
    fake, chance = Faker("es_MX"), random.Random(5)  # noqa: S311 - the same in each run
    fake.seed_instance(5)
    words = {
        "first": sorted({fake.first_name() for _ in range(400)}),
        "last": sorted({fake.last_name() for _ in range(600)}),
        "street": sorted({fake.street_name() for _ in range(600)}),
    }
    for each in words.values():
        chance.shuffle(each)
    columns = {
        row[0]: row[1]
        for row in connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = %s"
            " AND table_name = 'company_invoicegroup' AND is_nullable = 'NO' AND is_identity = 'NO'"
            " AND column_default IS NULL",
            [schema],
        )
    }
    known = {"uuid": "gen_random_uuid()", "boolean": "n = 1", "integer": "n", "smallint": "n", "bigint": "n"}
    known["timestamp with time zone"] = "now()"
    values = ["'Marca ' || n" if name == "name" else known.get(kind, "''") for name, kind in columns.items()]
    text = STATEMENTS.format(
        **vars(size),
        group_columns=", ".join(f'"{name}"' for name in columns),
        group_values=", ".join(values),
        **{
            key: "ARRAY[" + ", ".join("'" + word.replace("'", "''") + "'" for word in each) + "]"
            for key, each in words.items()
        },
        **{f"{key}s": len(each) for key, each in words.items()},
    )
    connection.execute(f'SET search_path TO "{schema}"')  # type: ignore[call-overload]
    for statement in text.split(";\n"):
        connection.execute(statement)  # type: ignore[call-overload]
    connection.execute("VACUUM ANALYZE")
    connection.execute("SET search_path TO public")


def _array(words: list[str]) -> str:
    """The words as an array in SQL."""
    return "ARRAY[" + ", ".join("'" + word.replace("'", "''") + "'" for word in words) + "]"
