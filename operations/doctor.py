"""All that is checked of a deployment, in the order in which a mail depends on it."""

from operations.checks import alarms, delivery, deployed, mail, storage
from operations.findings import Check

CHECKS: tuple[tuple[str, Check], ...] = (
    ("credentials", deployed.credentials),
    ("stack", deployed.stack_state),
    ("outputs", deployed.outputs),
    ("functions", deployed.functions),
    ("settings", deployed.settings),
    ("table", storage.table),
    ("encryption", storage.encryption),
    ("recovery", storage.recovery),
    ("expiry", storage.expiry),
    ("deletion", storage.deletion_protection),
    ("SES account", mail.account),
    ("SES quota", mail.quota),
    ("sender", mail.sender),
    ("mail events", mail.configuration_set),
    ("event rule", mail.mail_event_rule),
    ("suppression", mail.suppression),
    ("stream", delivery.stream),
    ("schedules", delivery.schedules),
    ("pending", delivery.pending_alerts),
    ("dead letters", delivery.dead_letters),
    ("heartbeat", delivery.heartbeat),
    ("alarm address", alarms.subscription),
    ("alarms", alarms.alarms),
)
