"""The one error that providers raise."""

from localstack.aws.api import CommonServiceException


class AwsError(CommonServiceException):
    """An AWS error code with its text; LocalStack writes it in the caller's protocol."""

    # 400 is what AWS answers for nearly every client error (botocore's service models).
    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message, status_code=status, sender_fault=status < 500)
