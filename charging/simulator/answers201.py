"""Which answer a simulated OCPP 2.x charger gives to which operation."""

from typing import Final

from charging.simulator import charging201, device201, screen201, upkeep201
from charging.simulator.voice201 import Answer

ANSWERS: Final[dict[str, Answer]] = {
    "CancelReservation": charging201.cancel_reservation,
    "CertificateSigned": upkeep201.certificate_signed,
    "ChangeAvailability": charging201.change_availability,
    "ClearCache": device201.clear_cache,
    "ClearChargingProfile": charging201.clear_profile,
    "ClearDisplayMessage": screen201.clear_message,
    "ClearVariableMonitoring": device201.clear_monitors,
    "CostUpdated": screen201.cost_updated,
    "CustomerInformation": screen201.customer_information,
    "DataTransfer": screen201.data_transfer,
    "DeleteCertificate": upkeep201.delete_certificate,
    "GetBaseReport": device201.base_report,
    "GetChargingProfiles": charging201.get_profiles,
    "GetCompositeSchedule": charging201.composite_schedule,
    "GetDisplayMessages": screen201.get_messages,
    "GetInstalledCertificateIds": upkeep201.installed_certificates,
    "GetLocalListVersion": device201.list_version,
    "GetLog": upkeep201.get_log,
    "GetMonitoringReport": device201.monitoring_report,
    "GetReport": device201.report,
    "GetTransactionStatus": charging201.transaction_status,
    "GetVariables": device201.get_variables,
    "InstallCertificate": upkeep201.install_certificate,
    "PublishFirmware": upkeep201.publish_firmware,
    "RequestStartTransaction": charging201.request_start,
    "RequestStopTransaction": charging201.request_stop,
    "ReserveNow": charging201.reserve_now,
    "Reset": charging201.reset,
    "SendLocalList": device201.send_local_list,
    "SetChargingProfile": charging201.set_profile,
    "SetDisplayMessage": screen201.set_message,
    "SetMonitoringBase": device201.monitoring_base,
    "SetMonitoringLevel": device201.monitoring_level,
    "SetNetworkProfile": device201.network_profile,
    "SetVariableMonitoring": device201.set_monitors,
    "SetVariables": device201.set_variables,
    "TriggerMessage": upkeep201.trigger_message,
    "UnlockConnector": charging201.unlock_connector,
    "UnpublishFirmware": upkeep201.unpublish_firmware,
    "UpdateFirmware": upkeep201.update_firmware,
}

ANSWERS_21: Final[dict[str, Answer]] = {
    **ANSWERS,
    "ChangeTransactionTariff": screen201.change_tariff,
    "ClearTariffs": screen201.clear_tariffs,
    "GetPeriodicEventStream": device201.get_streams,
    "GetTariffs": screen201.get_tariffs,
    "SetDefaultTariff": screen201.default_tariff,
}
